/** Saving one setting: whether it is under way, and what became of it. */
import { role } from "../../data/live";
import { useWork, type Work } from "../../parts/work";
import { say, sayIfKnown } from "../../text/words";
import { change, type Configuration, type Difference, type Keys, type Outcome } from "./configuration";

export type Saving = Work<Outcome> & { save: (keys: Keys) => Promise<Outcome | undefined> };

export function useSaving(device: string): Saving {
  const work = useWork<Outcome>(isSaved);
  return { ...work, save: (keys) => work.run(() => change(device, keys)) };
}

const isSaved = (outcome: Outcome) => outcome.state === "saved";

/** Why nothing can be saved; "" if it can. */
export function savingBar(configuration: Configuration | undefined): string {
  if (role.value === "read") return say("device.settings_read_only");
  if (!configuration) return say("device.settings_loading");
  return configuration.unwritable || configuration.problem ? say("device.settings_barred") : "";
}

/** Below a setting: saving, saved, or why it is not. */
export function SavingNote({ saving: { busy, result } }: { saving: Saving }) {
  return (
    <p class="saving small" role="status" data-state={result?.state}>
      {busy ? say("device.saving") : result && outcomeText(result)}
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
