/** Saving one setting: whether it is under way, and what became of it. */
import { useEffect, useState } from "preact/hooks";

import { role } from "../../data/live";
import { say, sayIfKnown } from "../../text/words";
import { change, type Configuration, type Difference, type Keys, type Outcome } from "./configuration";

const SHOWN_MS = 6_000; // for which "Saved." is shown

export type Saving = {
  busy: boolean;
  outcome: Outcome | undefined;
  save: (keys: Keys) => Promise<Outcome | undefined>;
  forget: () => void;
};

export function useSaving(device: string): Saving {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  useEffect(() => {
    if (outcome?.state !== "saved") return;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const save = async (keys: Keys) => {
    if (busy) return undefined;
    setBusy(true);
    const done = await change(device, keys);
    setBusy(false);
    setOutcome(done);
    return done;
  };
  return { busy, outcome, save, forget: () => setOutcome(undefined) };
}

/** Why nothing can be saved; "" if it can. */
export function savingBar(configuration: Configuration | undefined): string {
  if (role.value === "read") return say("device.settings_read_only");
  if (!configuration) return say("device.settings_loading");
  return configuration.unwritable || configuration.problem ? say("device.settings_barred") : "";
}

/** Below a setting: saving, saved, or why it is not. */
export function SavingNote({ saving: { busy, outcome } }: { saving: Saving }) {
  return (
    <p class="saving small" role="status" data-state={outcome?.state}>
      {busy ? say("device.saving") : outcome && outcomeText(outcome)}
    </p>
  );
}

export function outcomeText(outcome: Outcome): string {
  if (outcome.state === "refused") return outcome.text;
  if (outcome.state === "conflict") return conflictText(outcome.differences);
  return outcome.change.running ? say("device.saved") : say("device.saved_not_running");
}

/** `Nothing was saved: changed meanwhile was the name of kettle, from Kettle to Pot.` */
export function conflictText(differences: readonly Difference[]): string {
  const texts = differences.slice(0, 3).map((one) => differenceText(one));
  return texts.length ? say("device.conflict", { changes: texts.join("; ") }) : say("device.conflict_unknown");
}

export function differenceText({ key, before, after }: Difference): string {
  const name = sayIfKnown(`device.key_${key}`, key);
  if (!key) return say(after === null ? "device.changed_removed" : "device.changed_added");
  return say("device.changed", { name, was: valueText(before), now: valueText(after) });
}

function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return say("device.nothing_set");
  if (typeof value === "boolean") return say(value ? "value.yes" : "value.no");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
