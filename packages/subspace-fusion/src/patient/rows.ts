import {
  aliveAfter,
  amongClasses,
  amongRisks,
  MEDIAN_SURVIVAL,
  notKnown,
  percent,
  probability,
  RISK,
  RISK_GROUP_WORDS,
  similarPatients,
  timeIn,
} from '../words/prediction.js';
import type { ShownRow } from '../runs/explanations.js';
import type { Prediction } from './prediction.js';

/** Probabilities of the classes, at the temperature where one was fitted. */
export function shownProbabilities({ probabilities = {}, confidence }: Prediction): Readonly<Record<string, number>> {
  return 'unknown' in confidence ? probabilities : (confidence.calibrated ?? probabilities);
}

/** The prediction in numbers: probabilities of classes, or survival after 1, 2 and 5 years, median and risk. */
export function predictionRows(prediction: Prediction): ShownRow[] {
  const { survival, risk, predicted } = prediction;
  if (!survival || risk === undefined)
    return Object.entries(shownProbabilities(prediction)).map(([name, value]) => ({
      name,
      text: probability(value),
      value,
      most: name === predicted,
    }));
  const { years, median, timeUnit } = survival;
  return [
    ...Object.entries(years).map(([after, alive]) => row(aliveAfter(Number(after)), probability(alive), alive)),
    row(MEDIAN_SURVIVAL, timeIn(median, timeUnit), median),
    row(RISK, risk.toFixed(3), risk),
  ];
}

const row = (name: string, text: string, value: unknown): ShownRow => ({
  name,
  text,
  ...(typeof value === 'number' ? { value } : {}),
});

/** What the prediction is worth: calibration, prediction set, similar patients, tested patients, likeness to training. */
export function confidenceRows({ confidence, likeTraining, amongTested, riskGroup }: Prediction): ShownRow[] {
  return [
    ...('unknown' in confidence ? [text('confidence', notKnown(confidence.unknown))] : worthRows(confidence)),
    ...('unknown' in amongTested ? [] : testedRows(amongTested, riskGroup)),
    ...likenessRows(likeTraining),
  ];
}

const text = (name: string, words: string): ShownRow => ({ name, text: words });

function worthRows({
  calibration,
  set,
  similar = [],
  heldOut = 'validation',
}: Exclude<Prediction['confidence'], { readonly unknown: string }>): ShownRow[] {
  const rows: ShownRow[] = [];
  if (calibration) {
    const { temperature, patients } = calibration;
    const fitted = temperature.value === null ? `not computed: ${temperature.reason}` : temperature.value.toFixed(2);
    rows.push(text('calibration', `temperature ${fitted}, fitted on ${patients} validation patients`));
    rows.push(
      set
        ? text(`${percent(set.coverage)} set`, set.words)
        : text('set', 'none: no patients were set aside for it (split.conformal)'),
    );
    if (set && set.neverRuledOut.length > 0)
      rows.push(text('never ruled out', `${set.neverRuledOut.join(', ')}: too few patients were set aside`));
  }
  for (const { years, patients, alive } of similar)
    rows.push(text(`predicted alike, ${years} y`, similarPatients(patients, heldOut, alive)));
  return rows;
}

function testedRows(
  among: Exclude<Prediction['amongTested'], { readonly unknown: string }>,
  group: Prediction['riskGroup'],
): ShownRow[] {
  if (!('lowerRisk' in among))
    return [text('among tested patients', amongClasses(among.sure, among.alike, among.right))];
  return [
    text('risk', amongRisks(among.lowerRisk, among.patients)),
    ...(group === undefined ? [] : [text('risk group', RISK_GROUP_WORDS[group])]),
  ];
}

function likenessRows(likeTraining: Prediction['likeTraining']): ShownRow[] {
  if ('unknown' in likeTraining) return [text('like training patients', notKnown(likeTraining.unknown))];
  const kinds = (['genes', 'features'] as const).flatMap((kind) => {
    const check = likeTraining[kind];
    return check ? [text(`${kind} like training`, check.outside ? 'NO: out of their range' : 'yes')] : [];
  });
  return kinds.length > 0 ? kinds : [text('like training patients', notKnown('no input could be compared'))];
}
