import { blobSource, openSlide, type Slide } from 'subspace-fusion/browser-slides';

/** A file as it comes into the page and pixels as they leave it: in base64. */
interface Sent {
  readonly name: string;
  readonly base64: string;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** What a slide says of itself and all pixels of its finest level, or why it is not read. */
async function described(opening: Promise<Slide>) {
  try {
    const slide = await opening;
    const [{ width, height }] = slide.levels;
    const { pixels } = await slide.read(0, { x: 0, y: 0, width, height });
    await slide.close();
    const { format, levels, micrometres } = slide;
    return { format, levels, micrometres, pixels: toBase64(pixels) };
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** Opens files, all of them before any is read. */
async function readSlides(files: readonly Sent[]) {
  const opening = files.map(({ name, base64 }) =>
    openSlide(blobSource(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name))),
  );
  await Promise.allSettled(opening);
  return Promise.all(opening.map(described));
}

export type PageReads = Awaited<ReturnType<typeof readSlides>>;

// For the test, which calls it.
Object.assign(globalThis, { readSlides });
