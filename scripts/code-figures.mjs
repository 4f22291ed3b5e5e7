/**
 * Figures of the source code of a checkout, as one line of JSON:
 *
 *     node scripts/code-figures.mjs [FOLDER]
 *
 * Sources are the TypeScript files of packages and apps without tests and what only tests use.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';

const root = process.argv[2] ?? '.';

const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'public'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : /(?<!\.d)\.ts$/.test(entry.name) ? [path] : [];
  });

const isTest = (path) => /\.test\.|[/\\]testing[/\\]/.test(path);
const all = ['packages', 'apps']
  .flatMap((folder) => filesIn(join(root, folder)))
  .filter((path) => /[/\\]src[/\\]/.test(path))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    return { path: relative(root, path), text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
  });
const sources = all.filter(({ path }) => !isTest(path) && !path.endsWith('kernels-wasm.ts'));

const lines = sources.map(({ text }) => text.split('\n').length - 1).sort((a, b) => a - b);
const app = join('packages', 'subspace-fusion', 'src');
const rooms = new Set(
  sources
    .map(({ path }) => relative(app, path))
    .filter((path) => !path.startsWith('..') && path.includes('/'))
    .map((path) => path.split('/')[0]),
);

/** Calls `see` for every node of a tree. */
function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
function count(test) {
  let found = 0;
  for (const { tree } of sources) visit(tree, (node) => (found += test(node) ? 1 : 0));
  return found;
}
const isJsonParse = (node) => ts.isCallExpression(node) && node.expression.getText() === 'JSON.parse';
function castsJson(node) {
  if (!ts.isAsExpression(node) || node.type.kind === ts.SyntaxKind.UnknownKeyword) return false;
  let found = false;
  visit(node.expression, (inner) => (found ||= isJsonParse(inner)));
  return found;
}

/** The files that a file imports or exports from. */
const importsOf = ({ path, tree }) =>
  tree.statements.flatMap((statement) => {
    const from = statement.moduleSpecifier?.text;
    return from?.startsWith('.')
      ? [{ statement, file: normalize(join(dirname(path), from)).replace(/\.js$/, '.ts') }]
      : [];
  });

/** Sets of files that import each other (Tarjan's strongly connected components). */
function circles() {
  const edges = new Map(sources.map((source) => [source.path, importsOf(source).map(({ file }) => file)]));
  const index = new Map();
  const low = new Map();
  const stack = [];
  let found = 0;
  const walk = (v) => {
    index.set(v, index.size);
    low.set(v, index.get(v));
    stack.push(v);
    for (const w of edges.get(v)) {
      if (!edges.has(w)) continue;
      if (!index.has(w)) walk(w);
      if (stack.includes(w)) low.set(v, Math.min(low.get(v), low.get(w)));
    }
    if (low.get(v) === index.get(v)) {
      const circle = stack.splice(stack.indexOf(v));
      if (circle.length > 1) found++;
    }
  };
  for (const v of edges.keys()) if (!index.has(v)) walk(v);
  return found;
}

/** Names that a source exports and no other file, tests included, imports. */
function unused() {
  const used = new Set();
  for (const file of all)
    for (const { statement, file: from } of importsOf(file)) {
      const named = statement.importClause?.namedBindings ?? statement.exportClause;
      if (named?.elements)
        for (const { propertyName, name } of named.elements) used.add(`${from}#${(propertyName ?? name).text}`);
      else used.add(`${from}#*`);
    }
  const entry = /(^|[/\\])(index|browser|browser-slides|main|app|worker)\.ts$|vite/;
  return sources
    .filter(({ path }) => !entry.test(path))
    .flatMap(({ path, tree }) =>
      tree.statements
        .filter((statement) => statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
        .flatMap((statement) =>
          statement.name
            ? [statement.name.text]
            : (statement.declarationList?.declarations ?? []).flatMap(({ name }) =>
                ts.isIdentifier(name) ? [name.text] : [],
              ),
        )
        .filter((name) => !used.has(`${path}#${name}`) && !used.has(`${path}#*`))
        .map((name) => `${path}#${name}`),
    );
}

const nobody = unused();
if (process.argv.includes('--unused')) console.log(nobody.join('\n'));
console.log(
  JSON.stringify({
    sourceFiles: sources.length,
    lines: lines.reduce((a, b) => a + b, 0),
    medianLines: lines[Math.floor(lines.length / 2)],
    largest: lines.at(-1),
    atMost20Lines: lines.filter((n) => n <= 20).length,
    rooms: rooms.size,
    circles: circles(),
    nonNullAssertions: count(ts.isNonNullExpression),
    castJson: count(castsJson),
    exportedNamesNobodyUses: nobody.length,
    testFiles: all.filter(({ path }) => /\.test\.ts$/.test(path)).length,
  }),
);
