import { expect, it } from "vitest";

import type { HubEvent } from "../../data/shapes";
import { device, point } from "../../devices/testing";
import { happenings } from "./happened";

const PLUG = device("kettle", {
  main: "on",
  points: ["on", point("after_power_cut", { kind: "enum", access: "rw" })],
  actions: [{ name: "update", words: "install other firmware", args: {}, danger: "", files: [] }],
});
const event = (at: number, kind: string, data: object, words = ""): HubEvent => ({
  at: new Date(at * 1000).toISOString(),
  device: "kettle",
  kind,
  words,
  data: data as HubEvent["data"],
});
const texts = (events: readonly HubEvent[], switches: Parameters<typeof happenings>[2] = []) =>
  happenings(PLUG, events, switches).map((one) => [one.text, one.isProblem]);

it("commands are sentences, with who asked for them and what became of them", () => {
  const of = (what: string, result: string, words = "") => event(10, "command", { what, origin: "web", result }, words);
  expect(texts([of("on = true", "confirmed")])).toEqual([["Switched on, from this page", false]]);
  expect(texts([of("after_power_cut = last", "confirmed")])).toEqual([
    ["After power cut: As before, from this page", false],
  ]);
  expect(texts([of("on = false", "held")])).toEqual([["Switched off: waits until it wakes", false]]);
  expect(
    happenings(PLUG, [of("on = false", "timeout", "on = false by web: timeout (no answer for 5 s)")], [])[0],
  ).toMatchObject({ text: "Switched off: not done, no answer", why: "no answer for 5 s", isProblem: true });
  expect(texts([event(10, "action", { what: "update fw.bin", origin: "cli", result: "confirmed" })])).toEqual([
    ["Install other firmware, from the command line", false],
  ]);
});

it("a silence is shown with its length, a short one not at all", () => {
  const state = (at: number, state: string) => event(at, "state", { state, reason: "no answer" });
  expect(texts([state(0, "offline"), state(240, "online")])).toEqual([["Did not answer for 4\u202fmin", false]]);
  expect(texts([state(0, "offline"), state(3, "online")])).toEqual([]);
  expect(texts([state(0, "offline")])).toEqual([["Does not answer", true]]);
  expect(texts([state(0, "connecting"), state(1, "online")])).toEqual([]);
});

it("what was switched at the device is there too, once, the newest first", () => {
  const events = [
    event(10, "command", { what: "on = true", origin: "web", result: "confirmed" }),
    event(30, "joined", {}, "kettle: it joined."),
  ];
  const switches = [
    { at: 10, isOn: true, origin: "web" },
    { at: 20, isOn: false, origin: undefined },
  ];
  expect(texts(events, switches).map(([text]) => text)).toEqual([
    "It joined.",
    "Switched off at the device or by itself",
    "Switched on, from this page",
  ]);
});
