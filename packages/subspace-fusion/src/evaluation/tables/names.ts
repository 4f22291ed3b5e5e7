const MODELS: Readonly<Record<string, string>> = {
  subspace: 'this method',
  ridgeCox: 'ridge Cox, same genes',
  ridgeLogistic: 'ridge logistic, same genes',
  elasticNet: 'elastic net, same genes',
  meanSlide: 'ridge, mean patch feature',
  age: 'age',
  ageSex: 'age + sex',
  idh: 'IDH',
  idhAge: 'IDH + age',
  ageDiagnosisGrade: 'age + diagnosis + grade',
  clinical: 'all clinical variables',
  permutedBags: 'its bags permuted',
};

const METRICS: Readonly<Record<string, string>> = {
  concordanceIndex: 'C-index',
  macroAuc: 'macro AUC',
  macroF1: 'macro F1',
  unoConcordance: "Uno's C",
  dynamicAuc: 'time-dependent AUC',
  integratedBrier: 'integrated Brier score',
  brier: 'Brier score',
};

/** A model's name in words; of `subspace/no-consistency`, a variant's too, and of `subspace + age` both models'. */
export function modelName(name: string): string {
  const part = (one: string) => {
    const [model, ...variant] = one.split('/');
    return [MODELS[model] ?? model, ...variant].join(', ');
  };
  return name.split(' + ').map(part).join(' with ');
}

/** A metric's name in words; of one that has none here, `expectedCalibrationError` becomes `expected calibration error`. */
export function metricName(name: string): string {
  const [, metric, argument] = /^(\w+)(?:\[(.+)\])?$/.exec(name) ?? [name, name];
  const words = METRICS[metric] ?? metric.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
  return argument === undefined ? words : `${words} at ${argument}`;
}
