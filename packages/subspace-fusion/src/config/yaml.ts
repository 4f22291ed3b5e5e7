import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type YAMLError,
} from 'yaml';
import { badInput, type InputError } from '../files/errors.js';

/** A YAML text that was read. */
export interface Yaml {
  /** Objects, lists, texts and numbers. What aliases repeat is there as often: a change of one place leaves the others alone. */
  readonly value: unknown;
  /** Line of what is under these keys; undefined where nothing is. */
  readonly rowOf: (at: readonly PropertyKey[]) => number | undefined;
}

/** Characters of a text; a config of 10,000 patient ids has a twentieth. */
const LONGEST = 4 * 2 ** 20;
/** Values of a text with its aliases written out, which bounds what a few lines of nested aliases can become. */
const MOST_VALUES = 100_000;
const DEEPEST = 100;

/**
 * Reads YAML: configs, plans, descriptions of encoders, and the values after `--set`.
 * @param file for messages
 * @param hasRows whether messages name the line; false for a value of the command line
 * @throws {InputError} in one sentence, for text that is no YAML, for an alias without its anchor, a tag, the key `__proto__`, and for what is too
 * long, too deep or, with its aliases written out, too much
 */
export function readYaml(text: string, file: string, { hasRows = true } = {}): Yaml {
  const lines = new LineCounter();
  const wrong = (message: string, remedy: string, offset?: number): InputError => {
    const row = hasRows && offset !== undefined ? lines.linePos(offset).line : undefined;
    return badInput({ file, ...(row === undefined ? {} : { row }), message, remedy });
  };
  if (text.length > LONGEST)
    throw wrong(`the text is longer than ${LONGEST / 2 ** 20} MiB`, 'Check that this is the right file');
  const document = parsed(text, lines, wrong);
  const broken = document.errors.at(0) ?? document.warnings.at(0);
  if (broken) throw wrong(...inWords(broken), broken.pos[0]);
  requireModest(document, wrong);
  return {
    value: unshared(document.toJS({ maxAliasCount: -1 })),
    rowOf(at) {
      const node = at.length === 0 ? undefined : document.getIn(at, true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      return range && lines.linePos(range[0]).line;
    },
  };
}

type Wrong = (message: string, remedy: string, offset?: number) => InputError;

function parsed(text: string, lines: LineCounter, wrong: Wrong): Document {
  try {
    return parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(wrong); // the parser calls itself for each level
    throw error;
  }
}

const tooDeep = (wrong: Wrong, offset?: number): InputError =>
  wrong(`lists or keys are nested more than ${DEEPEST} deep`, 'Check the brackets', offset);

const QUOTED = 'Put a value that starts with *, &, !, %, @ or ` in quotes';

/** Message and remedy. */
function inWords({ code, message }: YAMLError): [message: string, remedy: string] {
  const [first = ''] = message.split('\n');
  const said = `this is not YAML: ${first.replace(/ at line.*$/, '')}`;
  switch (code) {
    case 'BAD_ALIAS':
    case 'BAD_SCALAR_START':
    case 'TAG_RESOLVE_FAILED':
      return [said, QUOTED];
    case 'TAB_AS_INDENT':
      return [said, 'Indent the lines with spaces'];
    case 'DUPLICATE_KEY':
      return ['the same key is given twice', 'Take one of them away'];
    case 'MULTIPLE_DOCS':
      return ['the file holds several YAML documents', 'Take away what follows the line ---'];
    default:
      return [said, 'Check the indentation, the colons and the quotes'];
  }
}

/** How much a node is with its aliases written out. */
interface Size {
  readonly values: number;
  readonly depth: number;
}

/** Checks the nodes in the order of the text, in which an anchor comes before its aliases. */
function requireModest(document: Document, wrong: Wrong): void {
  /** Sizes of what the anchors name; undefined while that is measured itself. */
  const anchors = new Map<string, Size | undefined>();
  let total = 0;

  const sizeOf = (node: unknown, level: number): Size => {
    const size = isAlias(node) ? ofAnchor(node) : ofNode(node, level);
    if (level + size.depth > DEEPEST) throw tooDeep(wrong, offsetOf(node));
    total += isAlias(node) ? size.values : 1;
    if (total > MOST_VALUES) {
      const message = `the text has more than ${MOST_VALUES} values, counting what each alias (*name) repeats`;
      throw wrong(message, 'Shorten it', offsetOf(node));
    }
    return size;
  };

  const ofAnchor = (alias: Alias): Size => {
    const size = anchors.get(alias.source);
    if (size) return size;
    const isInside = anchors.has(alias.source);
    const message = isInside ? `the anchor '${alias.source}' contains itself` : `there is no anchor '${alias.source}'`;
    throw wrong(message, 'Put a value that starts with * in quotes', offsetOf(alias));
  };

  const ofNode = (node: unknown, level: number): Size => {
    const anchor = isScalar(node) || isCollection(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, undefined);
    if (level > DEEPEST) throw tooDeep(wrong, offsetOf(node));
    const inner = partsOf(node).map((part) => {
      if (part.isKey && isScalar(part.node) && part.node.value === '__proto__')
        throw wrong("'__proto__' cannot be a name", 'Choose another name', offsetOf(part.node));
      return sizeOf(part.node, level + 1);
    });
    const size = {
      values: inner.reduce((sum, { values }) => sum + values, 1),
      depth: inner.reduce((most, { depth }) => Math.max(most, depth + 1), 0),
    };
    if (anchor !== undefined) anchors.set(anchor, size);
    return size;
  };

  sizeOf(document.contents, 0);
}

/** What a list or a map of keys holds; nothing of a scalar. */
function partsOf(node: unknown): { readonly node: unknown; readonly isKey: boolean }[] {
  if (isSeq(node)) return node.items.map((item) => ({ node: item, isKey: false }));
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => [
    { node: key, isKey: true },
    { node: value, isKey: false },
  ]);
}

const offsetOf = (node: unknown): number | undefined => (node as { range?: readonly number[] } | null)?.range?.[0];

/** A copy in which no two places are one object. */
function unshared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unshared);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unshared(inner)]));
}
