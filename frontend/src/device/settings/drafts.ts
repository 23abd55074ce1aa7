/**
 * A text that is being typed while others may change the same setting. Pure.
 *
 *     "Kettle" ──typed──► "Tea" on top of "Kettle"     meanwhile "Pot" ──► a conflict: was Kettle, is now Pot
 */

/** `base`: what was set when typing began. */
export type Draft = { base: string; text: string };

/** The draft after typing; undefined once it is what is set. */
export function typed(draft: Draft | undefined, set: string, text: string): Draft | undefined {
  return text === set ? undefined : { base: draft?.base ?? set, text };
}

/** What others set meanwhile; undefined if they did not, or the same. */
export function overtaken(draft: Draft | undefined, set: string): { was: string; now: string } | undefined {
  return draft && draft.base !== set && draft.text !== set ? { was: draft.base, now: set } : undefined;
}

/** The draft on top of what is set now: the person has seen it. */
export function rebased(draft: Draft, set: string): Draft {
  return { ...draft, base: set };
}
