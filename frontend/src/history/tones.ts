/**
 * Colours that are too light for lines on a light background are drawn darker there: marks need a contrast of 3.
 * `tones.test.ts` measures them against style.css.
 */
const KEPT: Readonly<Record<string, number>> = {
  "var(--use-0)": 80,
  "var(--use-2)": 90,
  "var(--use-3)": 55,
  "var(--solar)": 80,
  "var(--rest)": 90,
}; // per cent of the colour, mixed with ink

/** The same colour, dark enough for a light background. */
export function toned(colour: string): string {
  const kept = KEPT[colour];
  return kept ? `light-dark(color-mix(in srgb, ${colour} ${kept}%, var(--ink)), ${colour})` : colour;
}

export { KEPT as keptOnLight };
