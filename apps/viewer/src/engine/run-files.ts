/** Files of a run folder that are read. All but the first two are for comparison, and may be missing. */
export const RUN_FILES = [
  'model.json',
  'checkpoint.safetensors',
  'config.json',
  'predictions.json',
  'result.json',
  'background.json',
] as const;
