/** Saving something: whether it is under way, and what became of it, as the hub has confirmed it. */
import { useEffect, useState } from "preact/hooks";

import { HubError } from "../data/http";
import { requestLogin } from "../data/live";
import type { Outcome } from "../device/settings/configuration";
import { conflictText } from "../device/settings/saving";
import { say } from "../text/words";

const SHOWN_MS = 8_000; // for which "Saved" is shown

export type Result = { isSaved: boolean; text: string };
export type Save = {
  busy: boolean;
  result: Result | undefined;
  run: (work: () => Promise<Result>) => Promise<boolean>;
  forget: () => void;
};

export function useSave(): Save {
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result>();
  useEffect(() => {
    if (!result?.isSaved) return;
    const timer = setTimeout(() => setResult(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const run = async (work: () => Promise<Result>) => {
    if (busy) return false;
    setBusy(true);
    const done = await work();
    setBusy(false);
    setResult(done);
    return done.isSaved;
  };
  return { busy, result, run, forget: () => setResult(undefined) };
}

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
