import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, type Alias, type YAMLError } from 'yaml';
import { badInput, type InputError } from '../files/errors.js';

/** A YAML text that was read. */
export interface Yaml {
  /** Objects, lists, texts and numbers. What aliases repeat is there as often: a change of one place leaves the others alone. */
  readonly value: unknown;
  /** Line of what is under these keys; undefined where nothing is. */
  readonly rowOf: (at: readonly PropertyKey[]) => number | undefined;
}

/** Values of a text with its aliases written out, among them 10,000 patients by name; bounds what a few lines of nested aliases can become. */
const MOST_VALUES = 20_000;
const DEEPEST = 100;
/** Characters and words of a text, which bound the parser's time. */
const LONGEST = 2 ** 20;
const MOST_TOKENS = 10 * MOST_VALUES;

/**
 * Reads YAML: configs, plans, descriptions of encoders, and the values after `--set`.
 * @param file for messages
 * @param hasRows whether messages name the line; false for a value of the command line
 * @throws {InputError} in one sentence, for text that is no YAML, for an alias without its anchor, a tag, the key `__proto__`, and for what is too
 * long, too deep or, with its aliases written out, too much
 */
export function readYaml(text: string, file: string, { hasRows = true } = {}): Yaml {
  const lines = new LineCounter();
  const wrong: Wrong = ([message, remedy], offset) => {
    const row = hasRows && offset !== undefined ? lines.linePos(offset).line : undefined;
    return badInput({ file, ...(row === undefined ? {} : { row }), message, remedy });
  };
  requireModest(text, wrong);
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: 'error',
    prettyErrors: false,
    uniqueKeys: false,
  });
  const broken = document.errors.at(0) ?? document.warnings.at(0);
  if (broken) throw wrong(inWords(broken), broken.pos[0]);
  return {
    value: plainValue(document.contents, wrong),
    rowOf(at) {
      const offset = at.length === 0 ? undefined : offsetOf(document.getIn(at, true));
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

type Words = readonly [message: string, remedy: string];
type Wrong = (words: Words, offset?: number) => InputError;

const TOO_DEEP: Words = [
  `lists or keys are nested more than ${DEEPEST} deep`,
  'Check the brackets and the indentation',
];
const TOO_MUCH: Words = [
  `the text has more than ${MOST_VALUES} values, counting what each alias (*name) repeats`,
  'Check that this is the right file',
];

/**
 * The parser calls itself for each level, and running out of stack may end the process. A level within brackets has a bracket; any other starts a
 * column further right at least, behind blanks and marks.
 */
function requireModest(text: string, wrong: Wrong): void {
  if (text.length > LONGEST) throw wrong([`the text is longer than ${LONGEST / 2 ** 20} MiB`, TOO_MUCH[1]]);
  if (new RegExp(`^[ \\t?:-]{${2 * DEEPEST}}`, 'm').test(text)) throw wrong(TOO_DEEP);
  let [open, tokens] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') open++;
    else if (token === ']' || token === '}') open--;
    if (open > DEEPEST) throw wrong(TOO_DEEP);
    if (++tokens > MOST_TOKENS) throw wrong(TOO_MUCH);
  }
}

const QUOTED = 'Put a value that starts with *, &, !, %, @ or ` in quotes';

function inWords({ code, message }: YAMLError): Words {
  const said = `this is not YAML: ${message.replace(/\.$/, '')}`;
  switch (code) {
    case 'BAD_ALIAS':
    case 'BAD_SCALAR_START':
    case 'TAG_RESOLVE_FAILED':
      return [said, QUOTED];
    case 'TAB_AS_INDENT':
      return [said, 'Indent the lines with spaces'];
    case 'MULTIPLE_DOCS':
      return ['the file holds several YAML documents', 'Take away what follows the line ---'];
    default:
      return [said, 'Check the indentation, the colons and the quotes'];
  }
}

/** The value of a node, its aliases written out. Nodes come in the order of the text, in which an anchor is before its aliases. */
function plainValue(contents: unknown, wrong: Wrong): unknown {
  const anchors = new Map<string, unknown>();
  const targets = new Map<Alias, unknown>();
  const open = new Set<unknown>();
  let values = 0;

  const valueOf = (node: unknown, level: number): unknown => {
    if (++values > MOST_VALUES) throw wrong(TOO_MUCH);
    if (level > DEEPEST) throw wrong(TOO_DEEP, offsetOf(node));
    if (isAlias(node)) return valueOf(targetOf(node), level);
    if (isScalar(node)) {
      setAnchor(node.anchor, node);
      return node.value;
    }
    if (!isSeq(node) && !isMap(node)) return null; // a key without a value
    setAnchor(node.anchor, node);
    open.add(node);
    const value = isSeq(node)
      ? node.items.map((item) => valueOf(item, level + 1))
      : Object.fromEntries(node.items.map(({ key, value }) => [key, value] as const).map(entryOf(level)));
    open.delete(node);
    return value;
  };

  /** One key of a map with its value; asked for the keys in turn. */
  const entryOf = (level: number) => {
    const known = new Set<string>();
    return ([key, value]: readonly [unknown, unknown]): [string, unknown] => {
      const name = valueOf(key, level + 1);
      if (typeof name === 'object' && name !== null)
        throw wrong(['a list or a map is no key', 'Check the brackets'], offsetOf(key));
      const text = typeof name === 'string' ? name : name === null ? '' : JSON.stringify(name);
      if (text === '__proto__') throw wrong(["'__proto__' cannot be a name", 'Choose another name'], offsetOf(key));
      if (known.has(text)) throw wrong(['the same key is given twice', 'Take one of them away'], offsetOf(key));
      known.add(text);
      return [text, valueOf(value, level + 1)];
    };
  };

  const setAnchor = (name: string | undefined, node: unknown) => {
    if (name !== undefined) anchors.set(name, node);
  };

  const targetOf = (alias: Alias): unknown => {
    const { source } = alias;
    const remedy = 'Put a value that starts with * in quotes';
    if (!targets.has(alias) && !anchors.has(source))
      throw wrong([`there is no anchor '${source}'`, remedy], offsetOf(alias));
    const target = targets.get(alias) ?? anchors.get(source);
    if (open.has(target)) throw wrong([`the anchor '${source}' contains itself`, remedy], offsetOf(alias));
    targets.set(alias, target);
    return target;
  };

  return valueOf(contents, 0);
}

const offsetOf = (node: unknown): number | undefined =>
  (node as { range?: readonly number[] } | null | undefined)?.range?.[0];
