/** What explanations are, as the run folder keeps them: see `runs/explanations.ts`. */
export type {
  BranchView,
  GeneAttribution,
  GeneExplanation,
  PatientExplanation,
  SlideExplanation,
} from '../runs/explanations.js';
