/** Names and rooms that a new device may have, in the language of the page. Pure. */
import type { Device, DeviceProposal } from "../data/shapes";
import { currentLanguage, say, sayIfKnown } from "../text/words";
import { nameOf } from "../devices/points";

const MOST_NAMES = 5;
const MOST_ROOMS = 8;

/** The likely one first. `family`: of what answers. What a device is called already gets a number. */
export function namesOf(proposal: DeviceProposal | null, family: string, present: readonly Device[]): string[] {
  const own = sayIfKnown(`add.usual_${family}`, "");
  const found = proposal?.names ?? [];
  const names = currentLanguage() === "en" ? [...found, own] : [own, ...found];
  return [...new Set(names.filter(Boolean).map((one) => unused(one, present)))].slice(0, MOST_NAMES);
}

/** Those in use, then usual ones. */
export function roomsOf(present: readonly Device[]): string[] {
  const used = present.map((one) => one.room).filter(Boolean);
  return [...new Set([...used, ...say("add.usual_rooms").split("|")])].slice(0, Math.max(MOST_ROOMS, new Set(used).size));
}

function unused(name: string, present: readonly Device[]): string {
  const taken = new Set(present.map((one) => nameOf(one).toLocaleLowerCase()));
  for (let number = 1; ; number++) {
    const text = number === 1 ? name : `${name} ${number}`;
    if (!taken.has(text.toLocaleLowerCase())) return text;
  }
}
