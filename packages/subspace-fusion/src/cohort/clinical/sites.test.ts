import { expect, it } from 'vitest';
import { parseBarcode, patientOf } from './sites.js';

it('reads TCGA barcodes of patients, samples, aliquots and slides', () => {
  const cases = [
    ['TCGA-06-0174', undefined],
    ['TCGA-06-0174-01', 1],
    ['TCGA-06-0174-01A', 1],
    ['TCGA-06-0174-02A-01R-1849-01', 2],
    ['TCGA-06-0174-11A-01D-1490-08', 11],
    ['TCGA-06-0174-01Z-00-DX3.23b6e12e-dfc1-4c6f-903e-170038a0e055_1.h5', 1],
    ['TCGA-06-0174-01A-01-TS1', 1],
    ['TCGA.06.0174.01A', 1],
    ['tcga-06-0174_features.pt', undefined],
  ] as const;
  for (const [text, sampleType] of cases)
    expect([text, parseBarcode(text)]).toEqual([text, { patient: 'TCGA-06-0174', site: '06', sampleType }]);
});

it('reads nothing else as one', () => {
  for (const text of ['TCGA-06', 'TCGA-06-01745', 'TCGA-GBM', 'C3L-00016-01', 'XTCGA-06-0174', '']) {
    expect([text, parseBarcode(text)]).toEqual([text, undefined]);
    expect(patientOf(text)).toBe(text);
  }
});
