import { stringify } from 'yaml';
import type { CohortFiles } from './cohort-files.js';
import { parseConfig, type Config } from './config.js';
import type { Gathered } from './load.js';

type Understood = Pick<CohortFiles, 'clinical' | 'expression'> & Pick<Gathered, 'cohort'>;

/**
 * The config with what was detected written out: format and transform of the expression, columns of patients, times and events, encoder. As a
 * `cohort.yaml` it means the same, on another machine too once its paths are changed.
 */
export function understoodConfig(config: Config, { clinical, expression, cohort }: Understood): Config {
  return {
    ...config,
    clinical: { ...config.clinical, ...clinical?.understood },
    expression: {
      ...config.expression,
      ...(expression && { format: expression.format }),
      ...(cohort && { transform: cohort.transform }),
    },
    features: { ...config.features, ...(cohort?.encoder !== undefined && { encoder: cohort.encoder }) },
  };
}

/** {@link understoodConfig} as the text of a `cohort.yaml`, its keys in the order of the schema. */
export function understoodYaml(config: Config, gathered: Understood): string {
  const inOrder = parseConfig(stringify(understoodConfig(config, gathered)), 'cohort.yaml');
  return stringify(inOrder, { lineWidth: 0 });
}
