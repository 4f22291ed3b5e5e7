import { describe, expect, it } from 'vitest';
import { genesOfDate, genesOfDays, otherNameOf } from './spreadsheet-dates.js';

const formerNames = (text: string) => genesOfDate(text)?.map(([former]) => former);

describe('genes that became dates', () => {
  it.each([
    ['7-Sep', '07-Sep', 'Sep-07', 'Sep-7', '7-sept', '7. Sep', '07. Sept.', 'sept.-07', '7/Sep', '7 set', '7-wrz'],
    ['7-Sep-2023', '07.09.2023', '7/9/2023', '9/7/23', '2023-09-07', '2023-09-07 00:00:00', '2023/9/7', '9月7日'],
    ['X7.Sep', 'X2023.09.07', 'September 7, 2023', '2023-09-07T00:00:00'],
  ])('are read back whatever the language: %s', (...texts) => {
    for (const text of texts) expect([text, formerNames(text)?.includes('SEPT7')]).toEqual([text, true]);
  });

  it('come to one gene where only one turns into that date', () => {
    expect([formerNames('3. Mrz'), formerNames('3-mars'), formerNames('03. März'), formerNames('Mar-03')]).toEqual([
      ['MARCH3'],
      ['MARCH3'],
      ['MARCH3'],
      ['MARCH3'],
    ]);
    expect([formerNames('1-Dec'), formerNames('15-Sep')]).toEqual([['DEC1'], ['SEP15']]);
  });

  it('come to several where several do', () => {
    expect(formerNames('1-Mar')).toEqual(['MARCH1', 'MARC1']);
    expect(formerNames('9/3/2023')).toEqual(['MARCH9', 'SEPT3']);
    // The seventh of September, or Sep-07 with its number as the year.
    expect(formerNames('2007-09-01')).toEqual(['SEPT1', 'SEPT7']);
    expect(formerNames('4-Oct')).toEqual([]);
  });

  it.each([
    'SEPT7',
    'HLA-A',
    'NKX2-2',
    'OCT-4',
    'RP11-34P13.7',
    '1-8U',
    'MARCH1',
    '5-HT',
    'C4.1',
    'TCGA-02-0001',
    '44446',
    '',
  ])('are not seen in %j', (name) => expect(genesOfDate(name)).toBeUndefined());

  it('may be numbers of days', () => {
    expect(genesOfDays('44446')).toEqual([['SEPT7', 'SEPTIN7']]);
    expect(genesOfDays('44256').map(([former]) => former)).toEqual(['MARCH1', 'MARC1']);
    expect(['44255', '7157', '100130426', 'EGFR'].flatMap(genesOfDays)).toEqual([]);
  });

  it('have names of before and after', () => {
    expect(['SEPT7', 'SEPTIN7', 'MARCH1', 'MTARC2', 'SELENOF', 'DEC1', 'SEPT40', 'EGFR'].map(otherNameOf)).toEqual(
      ['SEPTIN7', 'SEPT7', 'MARCHF1', 'MARC2', 'SEP15', 'DELEC1', undefined, undefined], // prettier-ignore
    );
  });
});
