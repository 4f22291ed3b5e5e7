import type { BagHeader, Provenance, ProvenanceSummary } from '../types.js';

const FACTS = [
  ...(['encoder', 'magnification', 'level0Magnification', 'patchLevel', 'patchSize'] as const),
  ...(['patchSizeLevel0', 'patchSizeMicrometres', 'overlap', 'unit'] as const),
] satisfies (keyof Provenance)[];

/** The {@link ProvenanceSummary} of bags; a fact of which no file says anything is left out. */
export function summarise(headers: Iterable<BagHeader>): ProvenanceSummary {
  const all = [...headers];
  const said = FACTS.map((fact) => [fact, [...new Set(all.flatMap((header) => header[fact] ?? []))]] as const);
  return Object.fromEntries(said.filter(([, values]) => values.length > 0));
}

/** A summary in one line: "256 pixels at 20×, 512 or 256 at level 0, coordinates in pixels"; undefined where nothing is said. */
export function describePatches(s: ProvenanceSummary): string | undefined {
  const or = (values: readonly (string | number)[] | undefined) => values?.join(' or ');
  const parts = [
    s.patchSize && `${or(s.patchSize)} pixels`,
    s.magnification && `at ${or(s.magnification)}×`,
    s.patchLevel && `of level ${or(s.patchLevel)}`,
    s.patchSizeLevel0 && `${or(s.patchSizeLevel0)} pixels at level 0`,
    s.level0Magnification && `scanned at ${or(s.level0Magnification)}×`,
    s.patchSizeMicrometres && `${or(s.patchSizeMicrometres)} µm`,
    s.overlap && `overlapping by ${or(s.overlap)}`,
    s.unit && `coordinates in ${or(s.unit)}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : undefined;
}
