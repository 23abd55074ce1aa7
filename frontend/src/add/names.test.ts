import { afterEach, describe, expect, it } from "vitest";

import type { DeviceProposal } from "../data/shapes";
import { device } from "../devices/testing";
import { loadWords } from "../text/words";
import { changesText } from "./changes";
import { guessText, namesOf, roomsOf } from "./names";

const GUESS = { power_W: 1984, pattern: "bursts", kinds: ["kettle", "toaster"] } as const;
const FOUND: DeviceProposal = {
  name: "Metering plug",
  id: "metering_plug",
  parent: "",
  names: ["Metering plug", "Kettle"],
  rooms: [],
  parents: [],
  guess: { ...GUESS, kinds: [...GUESS.kinds] },
};

afterEach(() => loadWords("en", "en-GB"));

describe("proposed names", () => {
  it("are that of the product, then those of what it may be", () => {
    expect(namesOf(FOUND, "tuya_wifi", [])).toEqual(["Metering plug", "Kettle", "Toaster", "Appliance"]);
    expect(namesOf(null, "emporia", [])).toEqual(["Meter"]);
    expect(namesOf(null, "of tomorrow", [])).toEqual([]);
  });
  it("have a number where a device has the name", () => {
    const present = [device("a", { name: "metering plug" }), device("b", { name: "Metering plug 2" })];
    expect(namesOf(FOUND, "tuya_wifi", present)[0]).toBe("Metering plug 3");
  });
  it("are in the language of the page", async () => {
    await loadWords("de", "de-DE");
    expect(namesOf(FOUND, "tuya_wifi", [])).toEqual(["Gerät", "Wasserkocher", "Toaster", "Metering plug"]);
    expect(guessText(FOUND.guess!)).toBe(
      "Es verbraucht 1,98\u202fkW in kurzen Schüben. Das könnte ein Wasserkocher oder ein Toaster sein.",
    );
  });
});

describe("a guess", () => {
  it("is worded as one", () => {
    expect(guessText(FOUND.guess!)).toBe("It draws 1.98\u202fkW in short bursts. That could be a kettle or a toaster.");
    expect(guessText({ power_W: 86, pattern: "steady", kinds: ["of_tomorrow"] })).toBe(
      "It draws 86\u202fW steadily. That could be of tomorrow.",
    );
  });
});

describe("rooms", () => {
  it("are those in use, then usual ones, each once", () => {
    expect(
      roomsOf([device("a", { room: "Attic" }), device("b", { room: "Kitchen" }), device("c", { room: "Attic" })]).slice(
        0,
        3,
      ),
    ).toEqual(["Attic", "Kitchen", "Living room"]);
  });
});

describe("what was changed meanwhile", () => {
  it("is said in words, and not all of it", () => {
    const changed = [
      { device: "kettle", key: "", before: null, after: { name: "x" } },
      { device: "tv", key: "", before: {}, after: null },
      { device: "", key: "hub.timezone", before: "a", after: "Europe/Lisbon" },
      { device: "tv", key: "room", before: "a", after: null },
    ];
    expect(changesText(changed)).toBe(
      "kettle was added, tv was removed, hub.timezone is now Europe/Lisbon, tv.room was removed",
    );
    expect(changesText([...changed, { device: "tv", key: "produces", before: false, after: true }])).toMatch(/ …$/);
    expect(changesText([])).toBe("");
  });
});
