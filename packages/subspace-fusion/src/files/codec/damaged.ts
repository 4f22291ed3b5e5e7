/** The code `Z_…` of an error that a codec throws for compressed data that are damaged or cut short; undefined for any other error. */
export function damageCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_') ? code : undefined;
}
