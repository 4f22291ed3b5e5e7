/** The package comes without types. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export default function load(
    settings: import('./types.js').OpenJpegSettings & {
      /** Address of a file that belongs to the library, by its name. */
      readonly locateFile?: (name: string) => string;
    },
  ): Promise<import('./types.js').OpenJpeg>;
}
