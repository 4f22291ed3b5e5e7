import type { ExplainedPatient } from './types.js';

/** A made-up explanation of a patient, as `subspace explain` would leave it. */
export function explainedPatient(patient: string): ExplainedPatient {
  const rows = Array.from({ length: 36 }, (_, i) => i);
  const attention = rows.map((i) => (i + 1) / 666);
  const view = {
    heads: Array.from({ length: 8 }, () => attention),
    outside: Array.from({ length: 8 }, () => 0),
    attention,
    points: [{ head: 0, x: 2, y: 3, fromX: 1, fromY: 1, attention: 1 }],
    moved: rows.map((i) => (i - 18) / 100),
  };
  const game = { neither: 0, both: 0.4 };
  const genes = (names: string[], sign: number) => ({
    sum: 0.1 * sign,
    genes: names.map((gene, i) => ({ gene, z: 1.5 - i, attribution: (sign * (i + 1)) / 20 })),
  });
  return {
    explanation: {
      patient,
      task: 'survival',
      output: { kind: 'risk' },
      value: -2.5,
      prediction: [
        { name: 'alive after 1 year', text: '0.812', value: 0.812 },
        { name: 'median survival', text: '14.2 months', value: 14.2 },
        { name: 'risk group', text: 'high risk' },
      ],
      genes: {
        subspaces: { tumour: genes(['EGFR', 'PTEN'], 1), microenvironment: genes(['CD68', 'CD3E'], -1) },
        completeness: { from: 0, to: 0.4, sum: 0.4, error: 0.002, steps: 16, holds: true },
      },
      subspaces: {
        ...game,
        alone: { tumour: 0.3, microenvironment: 0.1 },
        contribution: { tumour: 0.3, microenvironment: 0.1 },
        share: { tumour: 0.75, microenvironment: 0.25 },
      },
      slides: [
        {
          slide: `${patient}-DX1.a1b2c3.h5`,
          patches: 36,
          rows,
          tokens: 36,
          layout: {
            kind: 'slide',
            x: rows.map((i) => 256 * (i % 6)),
            y: rows.map((i) => 256 * Math.floor(i / 6)),
            edge: 256,
          },
          branches: { tumour: view, microenvironment: view },
        },
      ],
      notes: [`/mnt/slides/bags/${patient}-DX1.a1b2c3.h5: 3 patches are blank`],
    },
    thumbnails: [
      {
        href: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==',
        width: 1536,
        height: 1536,
      },
    ],
  };
}
