import { cutDifferences, sameEncoder } from '../cohort/bags/agreement.js';
import type { Model } from '../runs/model.js';
import { requireWidth, type GivenSlide } from './slide.js';

/**
 * What the encoders and patches of these slides give cause to warn of.
 * @throws InputError for a slide of another width than the model's.
 */
export function checkSlides(slides: readonly GivenSlide[], { size, encoder, provenance = {} }: Model): string[] {
  return slides.flatMap((given) => {
    requireWidth(given, size.patchWidth);
    const { slide, header } = given;
    const differences = cutDifferences(provenance, header);
    return [
      ...encoderWarnings(slide, header.encoder, encoder),
      ...(differences.length > 0 ? [`${slide}: ${differences.join('; ')}. Do not trust this prediction`] : []),
    ];
  });
}

/** Features mean nothing to a model that was trained on another encoder's. */
function encoderWarnings(slide: string, found: string | undefined, trained: string | undefined): string[] {
  if (trained === undefined)
    return [`${slide}: the model does not know which encoder its features came from, so it cannot be checked`];
  if (found === undefined)
    return [
      `${slide}: does not say its encoder; the model was trained on '${trained}' features. Do not trust this prediction unless it is the same one`,
    ];
  if (!sameEncoder(found, trained))
    return [
      `${slide}: features are of encoder '${found}', the model was trained on '${trained}'. Do not trust this prediction`,
    ];
  return [];
}
