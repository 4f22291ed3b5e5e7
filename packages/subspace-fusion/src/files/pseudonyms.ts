import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from './atomic.js';
import { InputError } from './errors.js';
import { isJson, type Stored } from './json.js';
import { holdingFile } from './lock.js';

/** Codes for patients, and texts in which the codes stand for them. */
export interface Pseudonyms {
  /** The code of one of the patients. */
  readonly codeOf: (patient: string) => string;
  /** The text with the ids of all patients replaced, in any case and with any of `-_. ` between their parts. */
  readonly inText: (text: string) => string;
}

/** The key: who holds it can tell who is who. */
const keyFile = z.object({
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  patients: z.record(z.string(), z.string()).describe('Code → patient'),
});
type Key = Stored<typeof keyFile>;

/** Digits of a code at first; two that are the same grow. */
const DIGITS = 6;

/**
 * Stable codes such as `P-7F3A2C`: the first digits of HMAC-SHA256(secret, id). The secret is random and kept in `keyFile`, beside the list of codes and
 * patients; the file is made where it is missing, for its owner's eyes only (mode 0600), and new patients are added to it.
 * @throws InputError where the file is not such a key.
 */
export function openPseudonyms(keyFile: string, patients: Iterable<string>): Promise<Pseudonyms> {
  return holdingFile(keyFile, () => withNewCodes(keyFile, patients)); // two that begin one key would give each patient two codes
}

async function withNewCodes(keyFile: string, patients: Iterable<string>): Promise<Pseudonyms> {
  const before = await readKey(keyFile);
  const secret = before?.secret ?? randomBytes(32).toString('hex');
  const codes = new Map(Object.entries(before?.patients ?? {}).map(([code, patient]) => [patient, code]));
  const taken = new Set(codes.values());
  const added = [...new Set(patients)].filter((patient) => !codes.has(patient)).sort();
  for (const patient of added) {
    const code = freeCode(secret, patient, taken);
    codes.set(patient, code);
    taken.add(code);
  }
  if (added.length > 0 || !before)
    await writeKey(keyFile, {
      secret,
      patients: Object.fromEntries([...codes].map(([patient, code]) => [code, patient])),
    });
  return pseudonyms(codes);
}

/** @throws InputError where a key file would lie in the folder of what is to be shared, and be shared with it. */
export function requireKeyApart(keyFile: string, shared: string): void {
  if (dirname(resolve(keyFile)) !== resolve(shared)) return;
  throw new InputError(
    `${keyFile}: the key would lie beside what is to be shared, and be shared with it. Name a file in another folder.`,
  );
}

async function readKey(path: string): Promise<Key | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InputError(
      `${path}: cannot be read as a key of pseudonyms (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
    );
  }
  if (isJson(text)) {
    const key = keyFile.safeParse(JSON.parse(text));
    if (key.success) return key.data;
  }
  throw new InputError(
    `${path}: is no key of pseudonyms. Name the file that an earlier --pseudonyms wrote, or one that does not exist yet.`,
  );
}

async function writeKey(path: string, key: Key): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(key, null, 2) + '\n', 0o600);
}

function freeCode(secret: string, patient: string, taken: ReadonlySet<string>): string {
  const digest = createHmac('sha256', secret).update(patient).digest('hex').toUpperCase();
  let digits = DIGITS;
  while (taken.has(`P-${digest.slice(0, digits)}`)) digits++;
  return `P-${digest.slice(0, digits)}`;
}

function pseudonyms(codes: ReadonlyMap<string, string>): Pseudonyms {
  const byForm = new Map([...codes].map(([patient, code]) => [formOf(patient), code]));
  const searched = [...codes.keys()].filter(isTelling).sort((a, b) => b.length - a.length);
  const pattern =
    searched.length === 0
      ? undefined
      : new RegExp(`(?<![A-Za-z0-9])(?:${searched.map(patternOf).join('|')})(?![A-Za-z0-9])`, 'gi');
  return {
    codeOf: (patient) => {
      const code = codes.get(patient);
      if (code === undefined) throw new Error(`no pseudonym of ${patient} was asked for`);
      return code;
    },
    inText: (text) => (pattern ? text.replace(pattern, (id) => byForm.get(formOf(id)) ?? id) : text),
  };
}

/** Short numbers and letters are not looked for in texts: `12` stands there for much else. */
function isTelling(id: string): boolean {
  return /[A-Za-z]/.test(id) ? id.length >= 3 || /\d/.test(id) : id.length >= 5;
}

const SEPARATORS = /[-_. ]/g;
const formOf = (id: string) => id.toLowerCase().replace(SEPARATORS, '-');
const patternOf = (id: string) =>
  id
    .split(SEPARATORS)
    .map((part) => part.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'))
    .join('[-_. ]');
