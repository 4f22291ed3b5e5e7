import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readExpression } from './read.js';

const folder = newFolder();
const context = { patients: new Set(['P1', 'P2']), genes: new Set(['EGFR', 'SOX2']) };

async function read(name: string, text: string | Uint8Array) {
  const problems: Problem[] = [];
  const { expression, format } = await readExpression(write(folder, name, text), context, problems);
  return { ...expression, format, warnings: problems.map(({ message }) => message) };
}

const EXPECTED = {
  format: 'gct',
  patients: ['P1', 'P2'],
  genes: ['EGFR', 'SOX2', 'TP53'],
  values: Float32Array.of(1, 3, 5, 2, 4, 6),
  warnings: [],
};

describe('GCT', () => {
  it('1.2 is read by name or by description, gzip or not, spreadsheet or not', async () => {
    const byName = '#1.2\n3\t2\nName\tDescription\tP1\tP2\nEGFR\tna\t1\t2\nSOX2\tSRY-box 2\t3\t4\nTP53\t\t5\t6\n';
    expect(await read('name.gct', byName)).toEqual(EXPECTED);
    const byDescription =
      '#1.2\t\t\t\n3\t2\t\t\nName\tDescription\tP1\tP2\nENSG00000146648.5\tEGFR\t1\t2\n11_at\tSOX2\t3\t4\nENSG00000141510.1\tTP53\t5\t6\n';
    expect(await read('description.gct.gz', gzipSync(byDescription))).toEqual(EXPECTED);
    expect(await read('saved.csv', byDescription.replaceAll('\t', ','))).toEqual(EXPECTED);
  });

  it('1.3 is read by a column of symbols, and by a row of descriptions that has the patients', async () => {
    const text =
      '#1.3\n3\t3\t2\t2\n' +
      'id\tchr\tgene_symbol\ts1\ts2\ts3\ncase\tna\tna\tP1\tP2\tP9\nsex\tna\tna\tf\tm\tf\n' +
      'ENSG00000146648\t7\tEGFR\t1\t2\t9\nENSG00000181449\t3\tSOX2\t3\t4\t9\nENSG00000141510\t17\tTP53\t5\t6\t9\n';
    expect(await read('new.gct', text)).toEqual(EXPECTED);
    expect(await read('ids.gct', text.replace('s1\ts2', 'P1\tP2'))).toEqual(EXPECTED);
  });

  it('says where its sizes do not fit it', async () => {
    const cut = '#1.2\n9\t2\nName\tDescription\tP1\tP2\nEGFR\tna\t1\t2\n';
    expect((await read('cut.gct', cut)).warnings).toEqual([
      'the second line says 9 genes and 2 samples, and there are 1 and 2',
    ]);
    await expect(read('none.gct', '#1.2\nName\tDescription\tP1\tP2\nEGFR\tna\t1\t2\n')).rejects.toThrow(
      /row 2: the second line of a GCT file holds its sizes, and here it is 'Name Description P1 P2'/,
    );
    await expect(read('bad.gct', cut.replace('1\t2\n', '1\tx\n'))).rejects.toThrow(/column 'P2' holds 'x'/);
  });
});
