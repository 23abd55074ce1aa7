/** What was changed in the configuration meanwhile, in words. Pure. */
import type { ConfigDifference } from "../data/shapes";
import { say } from "../text/words";

const MOST = 4;

/** `kettle was added, hub.timezone is now Europe/Lisbon`; "" if it is not known. */
export function changesText(changed: readonly ConfigDifference[]): string {
  const texts = [...new Set(changed.map(changeText))];
  return texts.length > MOST ? `${texts.slice(0, MOST).join(", ")} …` : texts.join(", ");
}

function changeText({ device, key, before, after }: ConfigDifference): string {
  if (device && !key)
    return say(before === null || before === undefined ? "add.change_added" : "add.change_removed", { device });
  const name = device ? `${device}.${key}` : key;
  if (after === null || after === undefined) return say("add.change_cleared", { key: name });
  return say("add.change_set", { key: name, value: typeof after === "string" ? after : JSON.stringify(after) });
}
