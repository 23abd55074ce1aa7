/** Saving something: whether it is under way, and what became of it, as the hub has confirmed it. */

import { HubError } from "../data/http";
import { requestLogin } from "../data/live";
import type { Outcome } from "../device/settings/configuration";
import { conflictText } from "../device/settings/saving";
import { useWork, type Work } from "../parts/work";
import { say } from "../text/words";

export type Result = { isSaved: boolean; text: string };
export type Save = Omit<Work<Result>, "run"> & { run: (work: () => Promise<Result>) => Promise<boolean> };

export function useSave(): Save {
  const work = useWork<Result>(isSaved);
  return { ...work, run: async (send) => (await work.run(send))?.isSaved ?? false };
}

const isSaved = (result: Result) => result.isSaved;

export function Saved({ save: { busy, result } }: { save: Save }) {
  return (
    <p class="saved small" role="status" data-failed={result && !result.isSaved ? "true" : undefined}>
      {busy ? say("device.saving") : (result?.text ?? "")}
    </p>
  );
}

/** What became of a change of the configuration. `isMine`: whether a key that counts later is of this change. */
export function resultOf(outcome: Outcome, isMine: (key: string) => boolean): Result {
  if (outcome.state === "refused") return { isSaved: false, text: outcome.text };
  if (outcome.state === "conflict") return { isSaved: false, text: conflictText(outcome.differences) };
  return {
    isSaved: true,
    text: say(outcome.change.needs_restart.some(isMine) ? "settings.saved_later" : "settings.saved"),
  };
}

/** The result of a request that is none of the configuration. */
export async function asked<T>(send: () => Promise<T>, take: (answer: T) => void, saved: string): Promise<Result> {
  try {
    take(await send());
    return { isSaved: true, text: saved };
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return { isSaved: false, text: error instanceof HubError ? error.message : String(error) };
  }
}
