import { parseBarcode } from '../../cohort/barcode.js';
import { counted, sitesOf, type Config, type Patient, type SiteRule, type Split } from '../../cohort/index.js';
import type { LocalFinding } from './finding.js';
import { dividedPatients, partsOf } from './parts.js';

/** Column of sites that is looked at where nobody names one. */
const COLUMN = 'site';

/** How sites are told: as the split keeps them together, by TCGA barcodes where all have one, or by a column `site`. */
function siteRule(patients: readonly Patient[], { split }: Pick<Config, 'split'>): SiteRule | undefined {
  if (split.by !== undefined) return split.by;
  if (patients.every(({ id }) => parseBarcode(id))) return 'site';
  return patients.some(({ clinical }) => clinical[COLUMN]) ? { column: COLUMN } : undefined;
}

/** Sites that both train and test: something to be known, and a leak where the split says that it keeps sites together. */
export function sharedSites(everyone: readonly Patient[], split: Split, config: Pick<Config, 'split'>): LocalFinding[] {
  const patients = dividedPatients(everyone, partsOf(split));
  const rule = siteRule(patients, config);
  if (rule === undefined || patients.length === 0) return [];
  const { siteOf } = sitesOf(patients, rule);
  const training = new Set(split.train.map((id) => siteOf.get(id)));
  const testing = [...new Set(split.test.flatMap((id) => siteOf.get(id) ?? []))];
  const shared = testing.filter((site) => training.has(site)).sort();
  if (shared.length === 0) return [];
  const tested = split.test.filter((id) => shared.includes(siteOf.get(id)!)).length;
  const share = Math.round((100 * tested) / split.test.length);
  const leak = config.split.by !== undefined;
  return [
    {
      kind: 'site',
      severity: leak ? 'leak' : 'note',
      message:
        `${shared.length} of ${counted(testing.length, 'test site')} also ${shared.length === 1 ? 'has' : 'have'} training patients: ${tested} of ${split.test.length} test patients (${share} %)` +
        (leak ? ', and split.by says that sites are kept together' : ''),
      who: shared,
      remedy: leak
        ? 'Divide and train again'
        : 'The figures hold for patients of these sites; split.by: site says what is left at others',
    },
  ];
}
