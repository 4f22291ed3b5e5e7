import { z } from 'zod';
import { confidenceFile } from './confidence.js';
import { backgroundFile, cohortExplanationFile, patientExplanationFile } from './explanations.js';
import { fingerprintsFile } from './fingerprints.js';
import { modelFile } from './model.js';
import { RUN_FILES } from './open-run.js';
import { predictionsFile, resultFile, validationPredictionsFile } from './result.js';
import { checkpointMetadata, epochLine, splitFile, stateMetadata } from './training-files.js';

/** A file of a run folder. */
interface Documented {
  readonly file: string;
  readonly holds: string;
  /** Of the whole file, of a line, or of its metadata; of `config.json` docs/config.md has the keys. */
  readonly schema?: z.ZodType;
}

const FILES: readonly Documented[] = [
  { file: RUN_FILES.config, holds: 'the [config](config.md) with every default filled in and absolute paths' },
  { file: RUN_FILES.split, holds: 'patient ids of each part', schema: splitFile },
  {
    file: RUN_FILES.fingerprints,
    holds: 'by what the patients who made the model are known again under other ids, hashes only',
    schema: fingerprintsFile,
  },
  { file: RUN_FILES.model, holds: 'what a prediction needs besides the weights', schema: modelFile },
  {
    file: RUN_FILES.checkpoint,
    holds: 'weights of the best epoch on validation, float32; its metadata have these keys',
    schema: checkpointMetadata,
  },
  { file: RUN_FILES.metrics, holds: 'one line per epoch', schema: epochLine },
  {
    file: RUN_FILES.state,
    holds:
      "where training stands, for `--resume`: weights (`parameter.…`), Adam's moments (`m.…`, `v.…`), about three checkpoints; its metadata hold `state`, JSON with these keys",
    schema: stateMetadata,
  },
  { file: RUN_FILES.result, holds: 'the metrics on the test patients', schema: resultFile },
  { file: RUN_FILES.predictions, holds: 'a list with one entry per test patient', schema: predictionsFile },
  {
    file: RUN_FILES.validationPredictions,
    holds: 'a list with one entry per validation patient',
    schema: validationPredictionsFile,
  },
  {
    file: RUN_FILES.confidence,
    holds: 'how far the model can be trusted: see [confidence.md](confidence.md)',
    schema: confidenceFile,
  },
  {
    file: RUN_FILES.background,
    holds: 'what explanations compare a patient with: means over the training patients, each counting once',
    schema: backgroundFile,
  },
  {
    file: 'explanations/PATIENT.json',
    holds: "why one patient's prediction is what it is: see [explain.md](explain.md)",
    schema: patientExplanationFile,
  },
  {
    file: 'explanations/cohort-PART.json',
    holds: 'what moves the predictions over a part of the cohort',
    schema: cohortExplanationFile,
  },
];

const TABLES = { files: filesTable, keys: keysTables } as const;

/**
 * A page whose tables of files and keys are made from the schemas: what stands between `<!-- made from the schemas: NAME -->` and
 * `<!-- end -->` is made anew.
 * @throws RangeError for a name of no table
 */
export function withTables(page: string): string {
  return page.replace(
    /(<!-- made from the schemas: (\w+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      if (name !== 'files' && name !== 'keys') throw new RangeError(`there is no table '${name}'`);
      return `${begin}\n${TABLES[name]()}\n${end}`;
    },
  );
}

function filesTable(): string {
  return table(
    ['file', 'holds'],
    FILES.map(({ file, holds }) => [code(file), holds.replace(/[,;] its metadata h.*$/, '')]),
  );
}

function keysTables(): string {
  return FILES.flatMap(({ file, holds, schema }) =>
    schema ? [`**${file}**: ${holds}.`, table(['key', 'value', 'meaning'], rowsOf(jsonOf(schema)))] : [],
  ).join('\n\n');
}

type Json = z.core.JSONSchema.BaseSchema;

const jsonOf = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'input' });
const code = (text: string) => `\`${text}\``;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Keys with what they hold: those of a file, and below them those that are described. A `?` marks a key that may be absent. */
function rowsOf(json: Json, prefix = ''): string[][] {
  const rows = new Map<string, string[]>();
  for (const { properties = {}, required = [] } of formsOf(json)) {
    for (const [name, value] of Object.entries(properties)) {
      if (typeof value === 'boolean') continue;
      const inner = rowsOf(value, `${prefix}${name}${value.type === 'array' ? '[]' : ''}.`);
      if (prefix !== '' && value.description === undefined && inner.length === 0) continue;
      const key = `${prefix}${name}${required.includes(name) ? '' : '?'}`;
      if (!rows.has(key)) rows.set(key, [code(key), kindOf(value), value.description ?? '']);
      for (const row of inner) rows.set(row[0] ?? '', row);
    }
  }
  return [...rows.values()];
}

/** Objects that a value can be, or that its entries can be. */
function formsOf(json: Json): Json[] {
  const inner = [...(json.anyOf ?? []), ...(json.oneOf ?? []), ...(json.allOf ?? [])];
  if (inner.length > 0) return inner.flatMap(formsOf);
  if (json.type === 'array' && typeof json.items === 'object' && !Array.isArray(json.items)) return formsOf(json.items);
  return json.properties ? [json] : [];
}

function kindOf(json: Json): string {
  const forms = [...(json.anyOf ?? []), ...(json.oneOf ?? [])];
  if (Array.isArray(json.type)) return either(json.type.map((type: unknown) => String(type)));
  if (forms.length > 0) return either([...new Set(forms.map(kindOf))]);
  if (json.enum) return either(json.enum.map((value) => code(String(value))));
  if (json.const !== undefined) return code(String(json.const));
  switch (json.type) {
    case 'array':
      return `list of ${typeof json.items === 'object' && !Array.isArray(json.items) ? plural(kindOf(json.items)) : 'values'}`;
    case 'object':
      return json.properties ? 'keys' : 'keys by name';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'number':
    case 'null':
      return json.type;
    default:
      return 'value';
  }
}

const plural = (kind: string): string =>
  ({
    number: 'numbers',
    'number or null': 'numbers',
    'whole number': 'whole numbers',
    text: 'texts',
    keys: 'groups of keys',
  })[kind] ?? kind;

const either = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} or ${parts.slice(-1).join('')}`;
