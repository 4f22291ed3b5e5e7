/** For whom and what the models are, one sentence each. */
export const INTENDED_USE: readonly string[] = [
  'Research on how histology and gene expression together tell diagnosis, grade and survival of adult diffuse glioma.',
  'Users: researchers who know the cohort and can read intervals and calibration. Whether the input is good (slide in focus, tumour on it, RNA intact) is for them to judge.',
  'Not for diagnosis, prognosis or treatment of a patient: it is not a medical device, and nobody tested it as one.',
];

export const LIMITS: readonly string[] = [
  'The numbers hold for the patients of this report. Other hospitals, scanners, stains, laboratories and treatments may change them.',
  'Intervals are 95 % bootstrap intervals over these patients. They do not cover the chance in training or in the choice of the split.',
  'Patients without slides, expression or outcome were left out. Where that did not happen by chance, the numbers hold for those who stayed.',
  'An association of a gene or a region with an outcome is not a cause.',
  'A predicted survival curve says nothing after its last time cut.',
  'Input of another encoder or another expression unit than in training gives numbers that mean nothing; the program refuses what it can tell.',
];
