import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { key, normal } from '../../random/counter.js';
import { cohorts } from '../../testing/data.js';
import { newFolder, write } from '../made-files.test.helper.js';
import type { Expression, ExpressionTransform } from '../types.js';
import { geneNamer } from './gene-names.js';
import { readExpression, readGeneMap, transformProblems } from './read.js';
import { chooseSamples, sampleOf } from './samples.js';
import { compareExpressions, transformExpression, valueScale } from './value-scale.js';

const folder = newFolder();

describe('samples without any value', () => {
  const context = { patients: new Set(['P1', 'P2', 'P3']), genes: new Set(['A', 'B']) };

  it.each([
    ['genes × patients', 'gene,P1,P2,P3\nA,1,,3\nB,4,NA,6\nC,,,\n'],
    ['patients × genes', 'id,A,B,C\nP1,1,4,\nP2,,NA,\nP3,3,6,\n'],
  ])('count as no expression, with a warning: %s', async (_, text) => {
    const problems: Problem[] = [];
    const { expression } = await readExpression(write(folder, 'absent.csv', text), context, problems);
    expect(expression.patients).toEqual(['P1', 'P3']);
    expect(expression.values[expression.genes.indexOf('B')]).toBe(4);
    expect(expression.values[expression.genes.length + expression.genes.indexOf('B')]).toBe(6);
    expect(problems.map(({ message, severity }) => `${severity}: ${message}`)).toEqual([
      'warning: 1 sample has no value of any gene (P2)',
    ]);
  });

  it('are an error where nobody has a value, and a gap of a sample with values is one', async () => {
    const read = (text: string) => readExpression(write(folder, 'gaps.csv', text), context, []);
    await expect(read('gene,P1,P2,P3\nA,,,\nB,,,\n')).rejects.toThrow(/6 cells of genes of the gene sets are empty/);
    await expect(read('gene,P1,P2,P3\nA,1,,3\nB,4,,\n')).rejects.toThrow(/row 3: the cell in column 'P3' is empty/);
  });
});

describe('names of genes', () => {
  it('reads a map of ids, aliases and former symbols, and leaves out what is ambiguous', async () => {
    const text =
      'symbol\talias_symbol\tprev_symbol\tensembl_gene_id\tlocus\nEGFR\tERBB|HER1\tERBB1\tENSG00000146648\t7\nERBB2\tNEU|HER2|HER1\t\tENSG00000141736.9\t17\nNEU\t\t\t\t1\n';
    const problems: Problem[] = [];
    const map = await readGeneMap(write(folder, 'hgnc.tsv', text), problems);
    expect(Object.fromEntries(map)).toEqual({
      ERBB: 'EGFR',
      ERBB1: 'EGFR',
      ENSG00000146648: 'EGFR',
      HER2: 'ERBB2',
      ENSG00000141736: 'ERBB2',
    });
    expect(problems.map(({ message }) => message)).toEqual(['1 name stands for several symbols (HER1)']);
    const two = await readGeneMap(write(folder, 'two.csv', 'old,new\nWISP1,CCN4\n'), []);
    expect(two.get('WISP1')).toBe('CCN4');
    await expect(readGeneMap(write(folder, 'none.csv', 'a,b,c\n1,2,3\n'), [])).rejects.toThrow(/no column of symbols/);
  });

  it('knows a gene by the name that a gene set has', () => {
    const map = new Map([['ENSG00000146648', 'EGFR'], ['ERBB1', 'EGFR']]); // prettier-ignore
    const name = geneNamer(new Set(['EGFR', 'ENSG00000141736.4', 'A1BG']), map);
    expect(
      ['EGFR', 'ERBB1', 'ENSG00000146648.20', 'ENSG00000141736.12', 'A1BG|1', '?|100130426', 'TNMD'].map((text) =>
        name(text),
      ),
    ).toEqual(['EGFR', 'EGFR', 'EGFR', 'ENSG00000141736.4', 'A1BG', '100130426', 'TNMD']);
    expect(geneNamer(new Set())('ENSG00000000003.15', 'TSPAN6')).toBe('TSPAN6');
    expect(geneNamer(new Set())('ENSG00000000003.15_PAR_Y')).toBe('ENSG00000000003');
  });

  it('resolves an alias beside its symbol by the highest mean, and lists it', async () => {
    const path = write(folder, 'alias.csv', 'gene,P1,P2\nERBB1,5,7\nEGFR,1,2\nTNMD,1,\n');
    const problems: Problem[] = [];
    const context = {
      patients: new Set(['P1', 'P2']),
      genes: new Set(['EGFR']),
      geneMap: new Map([['ERBB1', 'EGFR']]),
    };
    const { expression, repeated } = await readExpression(path, context, problems);
    expect(expression.genes).toEqual(['EGFR', 'TNMD']);
    expect([...expression.values]).toEqual([5, 1, 7, NaN]);
    expect(repeated).toEqual([{ symbol: 'EGFR', taken: 'ERBB1', left: ['EGFR'] }]);
    expect(problems.map(({ message }) => message)).toEqual([
      '1 gene of the gene sets stands there several times (EGFR: ERBB1 rather than EGFR)',
    ]);
  });
});

describe('samples of one patient', () => {
  it('prefers the primary tumour whatever the order, and never takes normal tissue', () => {
    const names = [
      'TCGA-02-0001-11A',
      'TCGA-02-0001-02A',
      'TCGA-02-0001-01B',
      'TCGA-02-0001-01A',
      'TCGA-02-0002-10A',
      'TCGA-02-0003-06A',
      'X',
    ];
    const order = (list: readonly string[]) => {
      const { places, normal, several } = chooseSamples(
        list.map((name) => sampleOf(name)),
        undefined,
      );
      return {
        taken: places.map((i) => list[i]).sort(),
        normal: [...normal].sort(),
        left: several.map(({ left }) => [...left].sort()),
      };
    };
    const expected = {
      taken: ['TCGA-02-0001-01A', 'TCGA-02-0003-06A', 'X'],
      normal: ['TCGA-02-0001-11A', 'TCGA-02-0002-10A'],
      left: [['TCGA-02-0001-01B', 'TCGA-02-0001-02A']],
    };
    expect(order(names)).toEqual(expected);
    expect(order([...names].reverse())).toEqual(expected);
  });

  it('reads matrices of barcodes either way round', async () => {
    const context = { patients: new Set(['TCGA-02-0001', 'TCGA-02-0002']), genes: new Set(['A']) };
    const columns = write(folder, 'columns.csv', 'gene,TCGA.02.0001.02A,TCGA.02.0001.01A,TCGA.02.0002.01A\nA,1,2,3\n');
    const rows = write(
      folder,
      'rows.csv',
      'id,A\nTCGA-02-0001-02A,1\nTCGA-02-0001-01A,2\nTCGA-02-0002-11A,9\nTCGA-02-0002-01A,3\n',
    );
    for (const path of [columns, rows]) {
      const { expression } = await readExpression(path, context, []);
      expect([expression.patients, [...expression.values]]).toEqual([['TCGA-02-0001', 'TCGA-02-0002'], [2, 3]]); // prettier-ignore
    }
    const foreign = write(folder, 'foreign.csv', 'gene,TCGA-AA-0001-01A\nB,1\n');
    await expect(readExpression(foreign, context, [])).rejects.toThrow(
      /none of its 1 TCGA barcodes \(TCGA-AA-0001-01A\) is of a patient/,
    );
  });
});

/** 40 patients of 60 genes; `value` from a gene's level (log2, 0 to 12) and a draw. */
function made(value: (level: number, z: number) => number, seed = 1): Expression {
  const [patients, genes] = [40, 60];
  const levels = Array.from({ length: genes }, (_, g) => (12 * g) / genes);
  const values = Float32Array.from({ length: patients * genes }, (_, i) =>
    value(levels[i % genes], normal(key(seed, 'made'), i)),
  );
  return {
    patients: Array.from({ length: patients }, (_, p) => `P${p}`),
    genes: levels.map((_, g) => `G${g}`),
    values,
  };
}
const tpm = (level: number, z: number) => 2 ** (level + z);
const MADE = {
  linear: made(tpm),
  counts: made((level, z) => Math.round(100 * tpm(level, z))),
  logarithms: made((level, z) => Math.log2(1 + tpm(level, z))),
  'z-scores': made((_, z) => z),
};

describe('the scale of values', () => {
  it('is told by their look', () => {
    for (const [scale, expression] of Object.entries(MADE))
      expect([scale, valueScale(expression)]).toEqual([scale, scale]);
    expect(valueScale(made((level, z) => Math.log2(0.001 + tpm(level - 3, z))))).toBe('logarithms');
    expect(valueScale({ patients: ['P'], genes: ['A'], values: Float32Array.of(1) })).toBe('unclear');
  });

  it('warns of a transform that does not fit', () => {
    const warned = (scale: keyof typeof MADE, transform: ExpressionTransform) =>
      transformProblems('e.csv', MADE[scale], transform).length;
    expect([warned('logarithms', 'log2p1'), warned('linear', 'none'), warned('counts', 'none')]).toEqual([1, 1, 1]);
    expect([
      warned('linear', 'log2p1'),
      warned('logarithms', 'none'),
      warned('z-scores', 'none'),
      warned('linear', 'rank'),
    ]).toEqual([0, 0, 0, 0]);
  });

  it('compares two cohorts', () => {
    const compare = (
      first: Expression,
      second: Expression,
      transforms: readonly ExpressionTransform[] = ['log2p1', 'log2p1'],
    ) =>
      compareExpressions(
        { name: 'a', file: 'a.csv', expression: transformExpression(first, transforms[0]) },
        { name: 'b', file: 'b.csv', expression: transformExpression(second, transforms[1]) },
      ).map(({ message }) => message);
    expect(compare(MADE.linear, made(tpm, 2))).toEqual([]);
    expect(compare(MADE.linear, MADE['z-scores'], ['log2p1', 'none'])).toEqual([
      "the values of 'b' look like z-scores after the transform 'none', those of 'a' like logarithms after 'log2p1'",
    ]);
    // Logarithms that one file has and the other's transform takes are on one scale; ranks are not.
    expect(compare(MADE.linear, MADE.logarithms, ['log2p1', 'none'])).toEqual([]);
    expect(compare(MADE.linear, MADE.linear, ['rank', 'log2p1'])).toEqual([
      "the transform of 'b' is 'log2p1', that of 'a' 'rank'",
    ]);
    expect(
      compare(
        MADE.linear,
        made((level, z) => 8 * tpm(level, z)),
      ),
    ).toEqual([
      expect.stringMatching(/^the typical gene of 'b' is (2\.9|3\.0) higher than in 'a' after the transform$/),
    ]);
    const fewer = { ...MADE.linear, genes: MADE.linear.genes.map((gene, g) => (g < 5 ? `other ${g}` : gene)) };
    expect(compare(MADE.linear, fewer)).toEqual(["5 of 60 genes of 'a' are not in 'b' (G0, G1, G2 and 2 more)"]);
  });

  it.each(cohorts)('recognises z-scores, heavy tails and all ($cohort)', async ({ folder: data }) => {
    const { expression } = await readExpression(
      `${data}/tcga-gbmlgg/expression.csv.gz`,
      { patients: undefined, genes: new Set() },
      [],
    );
    expect(valueScale(expression)).toBe('z-scores');
  });
});
