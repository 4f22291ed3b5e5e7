import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../config/config.js';
import type { Problem } from '../../files/errors.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readGeneList } from './gene-files.js';
import { geneSetsFile, genesSought, overlap, readSubspaceGenes, settleDescriptions } from './gene-sets.js';

const folder = newFolder();
const file = (name: string, text: string | Uint8Array) => write(folder, name, text);
const read = (
  config: Partial<Config['geneSets']> & { file: string },
  problems: Problem[] = [],
  map?: Map<string, string>,
) => readSubspaceGenes({ tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT', ...config }, problems, map);

const EXPECTED = { tumour: ['EGFR', 'SOX2'], microenvironment: ['CD68'] };

describe('gene sets', () => {
  it('reads two lists, one gene a line', async () => {
    const tumour = file('tumour.txt', '# from the paper\nEGFR\r\nSOX2\n\nEGFR\n');
    const microenvironmentFile = file('immune.txt', 'CD68');
    expect(await read({ file: tumour, microenvironmentFile })).toEqual(EXPECTED);
    await expect(read({ file: tumour })).rejects.toThrow(/lists the genes of one set.*geneSets\.microenvironmentFile/);
    await expect(readGeneList(file('two.txt', 'EGFR\nSOX2\tCD68\n'))).rejects.toThrow(
      /row 2: the line has more than one gene/,
    );
    await expect(readGeneList(file('none.txt', '# nothing\n'))).rejects.toThrow(/no gene/);
  });

  it('reads a table with a column of types', async () => {
    const table = file(
      'table.csv',
      'Gene,Type,weight\nEGFR,Tumor,1\nCD68,Immune,2\nSOX2,Tumor,3\nEGFR,Tumor,4\nGAPDH,,5\n',
    );
    const names = { tumour: 'Tumor', microenvironment: 'Immune' };
    expect(await read({ file: table, ...names })).toEqual(EXPECTED);
    await expect(read({ file: table, ...names, tumour: 'Tumour' })).rejects.toThrow(
      /no set 'Tumour' \(geneSets.tumour\).*'Tumor'/,
    );
    const other = file('other.tsv', 'n\tname\tcompartment\n1\tEGFR\tTumor\n2\tSOX2\tTumor\n3\tCD68\tImmune\n');
    expect(await read({ file: other, gene: 'name', type: 'compartment', ...names })).toEqual(EXPECTED);
    await expect(read({ file: other, gene: 'nam', type: 'compartment' })).rejects.toThrow(
      /no column 'nam' \(geneSets.gene\).*'name'/,
    );
    await expect(read({ file: other, type: 'compartment' })).rejects.toThrow(/no column is that of the genes/);
  });

  it('brings both sets to the symbols of a map', async () => {
    const gmt = file('sets.gmt', 'TUMOUR\t\tERBB1\tSOX2\tEGFR\nMICROENVIRONMENT\t\tCD68\tERBB1\n');
    const problems: Problem[] = [];
    const sets = await read({ file: gmt }, problems, new Map([['ERBB1', 'EGFR']]));
    expect(sets).toEqual({ tumour: ['EGFR', 'SOX2'], microenvironment: ['CD68', 'EGFR'] });
    expect(overlap(sets)).toEqual(['EGFR']);
    expect(problems.map(({ message }) => message)).toEqual(['1 gene is in both sets (EGFR)']);
  });

  it('takes the sets of the package where none are named, of the sizes that its README states', async () => {
    const problems: Problem[] = [];
    const names = { tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' };
    const sets = await readSubspaceGenes(names, problems);
    const readme = readFileSync(join(geneSetsFile(names), '..', 'README.md'), 'utf8');
    const stated = [...readme.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, set, genes]) => [set, Number(genes)]);
    expect(stated).toEqual([
      ['MICROENVIRONMENT', sets.microenvironment.length],
      ['TUMOUR', sets.tumour.length],
    ]);
    expect([overlap(sets), problems]).toEqual([[], []]);
    // Marker genes stand where they belong.
    for (const gene of ['OLIG2', 'SOX4', 'CHI3L1']) expect(sets.tumour).toContain(gene);
    for (const gene of ['CX3CR1', 'CD74', 'VWF']) expect(sets.microenvironment).toContain(gene);
  });

  it('reads dates of a spreadsheet as the genes that they were, where only one can be', async () => {
    const gmt = file('dates.gmt', 'TUMOUR\tx\t7-Sep\tEGFR\t1-Mar\nMICROENVIRONMENT\tx\tCD68\t3. Mrz\t2-Sep\tSEPT2\n');
    const problems: Problem[] = [];
    expect(await read({ file: gmt }, problems)).toEqual({
      tumour: ['SEPT7', 'EGFR'],
      microenvironment: ['CD68', 'MARCH3', 'SEPT2'],
    });
    expect(problems.map(({ message }) => message)).toEqual([
      '2 genes of TUMOUR look like dates that a spreadsheet made (7-Sep, 1-Mar); 7-Sep is read as SEPT7 (now SEPTIN7); 1-Mar may have been MARCH1 (now MARCHF1) or MARC1 (now MTARC1)',
      '2 genes of MICROENVIRONMENT look like dates that a spreadsheet made (3. Mrz, 2-Sep); 3. Mrz is read as MARCH3 (now MARCHF3), 2-Sep is read as SEPT2 (now SEPTIN2)',
    ]);
    const lists = {
      file: file('t.txt', 'EGFR\nSOX2\n'),
      microenvironmentFile: file('m.txt', 'gene\n"CD68"\n44446\nCD4\n'),
    };
    const ofLists: Problem[] = [];
    expect((await read(lists, ofLists)).microenvironment).toEqual(['CD68', 'CD4']);
    expect(ofLists.map((problem) => [problem.file, problem.message])).toEqual([
      [lists.microenvironmentFile, expect.stringMatching(/\(44446\); 44446 may have been SEPT7/)],
    ]);
  });

  it('refuses a GMT that is not separated by tabs', async () => {
    const refused = (text: string) => read({ file: file('spaces.gmt', text) });
    const spaces = 'TUMOUR na EGFR SOX2\nMICROENVIRONMENT na CD68 CD4\n';
    await expect(refused(spaces)).rejects.toThrow(/a GMT file is separated by tabs, and this file has none/);
    await expect(refused(spaces.replaceAll(' ', ','))).rejects.toThrow(/a GMT file is separated by tabs/);
    await expect(refused('TUMOUR\tna\tEGFR SOX2\n')).rejects.toThrow(
      /row 1: the genes of the line are not separated by tabs/,
    );
    await expect(readGeneList(file('row.txt', 'EGFR SOX2\n'))).rejects.toThrow(
      /row 1: the line has more than one gene/,
    );
    expect(
      await read({ file: file('quotes.gmt', '"TUMOUR"\t"na"\t"EGFR"\t"SOX2"\nMICROENVIRONMENT\tna\tCD68\t\n') }),
    ).toEqual(EXPECTED);
  });

  it('finds that a GMT has no descriptions when the genes of the matrix are known', async () => {
    const names = {
      tumour: 'TUMOUR',
      microenvironment: 'MICROENVIRONMENT',
      file: file('first.gmt', 'TUMOUR\tEGFR\tSOX2\nMICROENVIRONMENT\tCD4\tCD68\n'),
    };
    const sets = await readSubspaceGenes(names, []);
    expect([...genesSought(sets)]).toEqual(['SOX2', 'CD68', 'EGFR', 'CD4']);
    const settled = (genes: readonly string[]) => {
      const problems: Problem[] = [];
      return [
        settleDescriptions(names, sets, (name) => genes.includes(name), problems),
        problems.map(({ message }) => message),
      ];
    };
    expect(settled(['EGFR', 'SOX2', 'CD4', 'CD68'])).toEqual([
      { tumour: ['EGFR', 'SOX2'], microenvironment: ['CD4', 'CD68'] },
      [
        "the sets have no descriptions: 'EGFR' of TUMOUR and 'CD4' of MICROENVIRONMENT, which are in their place, are genes of the matrix",
      ],
    ]);
    expect(settled(['EGFR', 'SOX2', 'CD68'])).toEqual([
      { tumour: ['SOX2'], microenvironment: ['CD68'] },
      ["the description 'EGFR' of TUMOUR is a gene of the matrix"],
    ]);
    expect(settled(['SOX2', 'CD68'])).toEqual([{ tumour: ['SOX2'], microenvironment: ['CD68'] }, []]);
  });

  it('refuses what is no text', async () => {
    await expect(read({ file: file('junk.gmt', Uint8Array.of(0, 1, 2, 3)) })).rejects.toThrow(/binary file, not text/);
  });
});
