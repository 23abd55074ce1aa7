/** Offers as the page shows them: their order, their titles and what is said of them. Pure. */
import type { Offer } from "../data/shapes";
import { ageText } from "../text/format";
import { say, sayIfKnown } from "../text/words";

export type Kind = "plug" | "port" | "network" | "hand";

/** What is shown as one: an offer, or all plugs that call the hub. */
export type Card = { key: string; kind: Kind; title: string; text: string; offers: readonly [Offer, ...Offer[]] };

const KINDS: Readonly<Record<Offer["source"], Kind>> = {
  broker: "plug",
  serial: "port",
  network: "network",
  hand: "hand",
};
const RANKS: readonly Offer["state"][] = ["recognised", "listening", "found", "silent", "unknown", "blocked"];

/** What can be used before what is blocked; the newest first, then what is known best. */
export function ordered(offers: readonly Offer[]): Offer[] {
  const rank = (one: Offer) => RANKS.indexOf(one.state);
  return [...offers].sort(
    (one, other) =>
      Number(one.state === "blocked") - Number(other.state === "blocked") ||
      seconds(other.since) - seconds(one.since) ||
      rank(one) - rank(other),
  );
}

/** The offers of a new hub: plugs that call it are one, if there are several. `at`: the present, Unix seconds. */
export function cardsOf(offers: readonly Offer[], at: number): Card[] {
  const calling = ordered(offers).filter((one) => one.source === "broker");
  const [first] = calling;
  if (!first || calling.length === 1) return ordered(offers).map((one) => cardOf(one, at));
  const ages = calling.map((one) => ageOf(one, at)).filter(Boolean);
  const several: Card = {
    key: "broker",
    kind: "plug",
    title: say("add.plugs_called", { count: calling.length }),
    text: say("add.plugs_called_text", { ages: ages.slice(0, 2).join(", ") }),
    offers: [first, ...calling.slice(1)],
  };
  return [several, ...ordered(offers.filter((one) => one.source !== "broker")).map((one) => cardOf(one, at))];
}

export function cardOf(offer: Offer, at: number): Card {
  return { key: offer.id, kind: KINDS[offer.source], title: titleOf(offer), text: textOf(offer, at), offers: [offer] };
}

/** `Meross plug 4f:1c`, `Meter reader on USB`, `Serial port ttyUSB0`. */
export function titleOf(offer: Offer): string {
  if (offer.source === "hand") return offer.link;
  if (offer.info.name) return say("add.bridge_named", { name: offer.info.name, product: offer.info.product ?? "" });
  if (offer.uuid)
    return say("add.plug_named", {
      product: (offer.info.product ?? "").toUpperCase(),
      tail: tailOf(offer.uuid),
    }).replace(/ +/g, " ");
  if (offer.family) return sayIfKnown(`add.what_${offer.family}`, familyOf(offer.family));
  return offer.info.usb?.split(" (USB")[0] || say("add.port", { port: portOf(offer) });
}

/** What is known of it, in one or two sentences. */
export function textOf(offer: Offer, at: number): string {
  if (offer.state === "blocked") return offer.problem;
  if (offer.source === "broker") return say("add.called", { age: ageOf(offer, at) || "?" });
  if (offer.source === "network" && !offer.uuid)
    return say("add.bridge", { place: offer.link.replace(/^\w+:\/\//, "") });
  if (offer.source === "network") return say("add.in_network", { address: offer.info.address ?? offer.link });
  if (offer.source === "hand") return say("add.by_hand_text");
  const place = offer.family || offer.info.usb ? offer.info.port : ""; // else it is in the title
  return [stateText(offer), place].filter(Boolean).join(" · ");
}

/** `Tuya inside, Wi-Fi`. */
export function familyOf(family: string): string {
  return sayIfKnown(`device.family_${family}`, family.replaceAll("_", " "));
}

/** The rate of the line that a link names; "" where it names none. */
export function baudOf(link: string): string {
  return /[?&]baud=(\d+)/.exec(link)?.[1] ?? "";
}

/** A link from what a person types: a path is that of a port, an address with a port that of a serial bridge. */
export function linkOf(text: string): string {
  const typed = text.trim();
  if (/^[a-z][a-z0-9+]*:/i.test(typed) && !/^[\w.-]+:\d+$/.test(typed)) return typed;
  if (typed.startsWith("/")) return `serial://${typed}`;
  if (/^COM\d+$|^tty\w+$/i.test(typed)) return `serial:///dev/${typed}`;
  return /:\d+$/.test(typed) ? `tcp://${typed}` : `http://${typed}`;
}

function stateText(offer: Offer): string {
  switch (offer.state) {
    case "recognised":
      return say("add.looks_like", { family: familyOf(offer.family) });
    case "listening":
      return say("add.listening");
    case "silent":
      return say("add.silent");
    case "unknown":
      return offer.dialect
        ? say("add.only_decoded", { dialect: offer.dialect })
        : say("add.unknown_bytes", { count: offer.info.received ?? "?" });
    default:
      return say("add.not_listened");
  }
}

function ageOf(offer: Offer, at: number): string {
  return offer.since ? ageText(Math.max(1, at - seconds(offer.since))) : "";
}

function seconds(since: string): number {
  return since ? Date.parse(since) / 1000 : 0;
}

function portOf(offer: Offer): string {
  return (offer.info.port ?? offer.link).split("/").at(-1) ?? offer.link;
}

/** The end of its MAC address, which is on its label. */
function tailOf(uuid: string): string {
  return `${uuid.slice(-4, -2)}:${uuid.slice(-2)}`;
}
