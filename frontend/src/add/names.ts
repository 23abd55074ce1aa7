/** Names and rooms that a new device may have, in the language of the page. Pure. */
import type { Device, DeviceProposal, PowerGuess } from "../data/shapes";
import { nameOf } from "../devices/points";
import { quantityText } from "../text/format";
import { currentLanguage, currentLocale, say, sayIfKnown } from "../text/words";

const MOST_NAMES = 5;
const MOST_ROOMS = 8;

/**
 * That of its product or family first, then what it may be by its power. What a device is called already gets a number.
 */
export function namesOf(proposal: DeviceProposal | null, family: string, present: readonly Device[]): string[] {
  const usual = sayIfKnown(`add.usual_${family}`, "");
  const [product = ""] = proposal?.names ?? [];
  const kinds = (proposal?.guess?.kinds ?? []).map((kind) => kindOf(kind)[0]);
  const names = currentLanguage() === "en" ? [product, ...kinds, usual] : [usual, ...kinds, product];
  return [...new Set(names.filter(Boolean).map((one) => unused(one, present)))].slice(0, MOST_NAMES);
}

/** `It draws 1.98 kW in short bursts. That could be a kettle or a toaster.` */
export function guessText({ power_W, pattern, kinds }: PowerGuess): string {
  const all = new Intl.ListFormat(currentLocale(), { type: "disjunction" });
  return say(`add.guess_${pattern}`, {
    power: quantityText(power_W, "W", 0),
    kinds: all.format(kinds.map((kind) => kindOf(kind)[1])),
  });
}

/** Those in use, then usual ones. */
export function roomsOf(present: readonly Device[]): string[] {
  const used = [...new Set(present.map((one) => one.room).filter(Boolean))];
  return [...new Set([...used, ...say("add.usual_rooms").split("|")])].slice(0, Math.max(MOST_ROOMS, used.length));
}

/** The name of a kind, and the same in a sentence. */
function kindOf(kind: string): [string, string] {
  const [name = kind, inSentence = name] = sayIfKnown(`add.kind_${kind}`, kind.replaceAll("_", " ")).split("|");
  return [name, inSentence];
}

function unused(name: string, present: readonly Device[]): string {
  const taken = new Set(present.map((one) => nameOf(one).toLocaleLowerCase()));
  for (let number = 1; ; number++) {
    const text = number === 1 ? name : `${name} ${number}`;
    if (!taken.has(text.toLocaleLowerCase())) return text;
  }
}
