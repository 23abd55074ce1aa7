import { describe, expect, it } from "vitest";

import type { Offer } from "../data/shapes";
import { baudOf, cardsOf, linkOf, ordered, textOf, titleOf } from "./offers";

const AT = Date.parse("2026-11-20T14:03:00Z") / 1000;

function offer(id: string, more: Partial<Offer> = {}): Offer {
  return {
    id,
    source: "serial",
    title: id,
    text: "",
    link: `serial://${id}`,
    state: "found",
    problem: "",
    family: "",
    dialect: "",
    uuid: "",
    since: "",
    info: {},
    ...more,
  };
}

const plug = (tail: string, since: string) =>
  offer(tail, {
    source: "broker",
    state: "recognised",
    family: "meross",
    uuid: `190101010000000048e1e900${tail}`,
    since,
  });
const OLD = plug("90aa", "2026-11-20T14:02:46Z");
const NEW = plug("4f1c", "2026-11-20T14:02:58Z");

describe("the order of offers", () => {
  it("is the newest first, then what is known, and what is blocked last", () => {
    const known = offer("known", { state: "recognised", family: "emporia" });
    const blocked = offer("blocked", { state: "blocked", since: "2026-11-20T14:02:59Z" });
    const found = [blocked, offer("found"), known, OLD, NEW];
    expect(ordered(found).map((one) => one.id)).toEqual(["4f1c", "90aa", "known", "found", "blocked"]);
  });
});

describe("a card", () => {
  it("stands for all plugs that call", () => {
    const [first, second, ...rest] = cardsOf([offer("a"), OLD, NEW], AT);
    expect([first?.title, first?.offers.length, second?.key, rest]).toEqual(["2 plugs have connected", 2, "a", []]);
    expect(first?.text).toContain("2\u202fs, 14\u202fs");
    expect(cardsOf([OLD], AT).map((one) => one.title)).toEqual(["Meross plug 90:aa"]);
  });
});

describe("an offer", () => {
  it("has a title in words", () => {
    expect(titleOf(NEW)).toBe("Meross plug 4f:1c");
    expect(titleOf({ ...NEW, source: "network", info: { product: "mss310" } })).toBe("Meross plug MSS310 4f:1c");
    expect(titleOf(offer("x", { source: "network", info: { name: "Meter bridge", product: "ESPHome" } }))).toBe(
      "Meter bridge (ESPHome)",
    );
    expect(titleOf(offer("x", { family: "emporia" }))).toBe("Meter reader on USB");
    expect(titleOf(offer("x", { info: { port: "/dev/ttyS0" } }))).toBe("Serial port ttyS0");
    expect(titleOf(offer("x", { info: { usb: "CP2102N (USB 10c4:ea60)" } }))).toBe("CP2102N");
    expect(titleOf(offer("x", { source: "hand", link: "tcp://<b>:1" }))).toBe("tcp://<b>:1");
  });
  it("says its state, and where it is", () => {
    expect(textOf(NEW, AT)).toContain("2\u202fs ago");
    expect(textOf(offer("x", { source: "network", link: "tcp://192.168.1.30:6638" }), AT)).toMatch(
      /192\.168\.1\.30:6638/,
    );
    expect(
      textOf(offer("x", { state: "unknown", info: { port: "/dev/ttyS0", usb: "CP2102N", received: "12" } }), AT),
    ).toMatch(/^12 bytes .* · \/dev\/ttyS0$/);
    expect(textOf(offer("x", { state: "blocked", problem: "You may not open it." }), AT)).toBe("You may not open it.");
  });
});

describe("what a person types", () => {
  it.each([
    [" /dev/ttyUSB0 ", "serial:///dev/ttyUSB0"],
    ["ttyUSB0", "serial:///dev/ttyUSB0"],
    ["192.168.1.40", "http://192.168.1.40"],
    ["192.168.1.30:6638", "tcp://192.168.1.30:6638"],
    ["bridge.lan:6638", "tcp://bridge.lan:6638"],
    ["serial:///dev/ttyUSB0?baud=9600", "serial:///dev/ttyUSB0?baud=9600"],
    ["rfc2217://bridge:4000", "rfc2217://bridge:4000"],
  ])("%s is %s", (typed, link) => {
    expect(linkOf(typed)).toBe(link);
  });
  it("may name a rate", () => {
    expect([baudOf("serial:///dev/x?a=1&baud=9600"), baudOf("tcp://x:1")]).toEqual(["9600", ""]);
  });
});
