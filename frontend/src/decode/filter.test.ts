import { describe, expect, it } from "vitest";

import { filtered, linked, namesOf, nameOf, NO_FILTER } from "./filter";
import { frame } from "./testing";

const ASK = frame({ index: 0, offset: 0, sender: "controller", name: "heartbeat", hex: "55aa00000000ff" });
const ANSWER = frame({
  index: 1,
  offset: 0,
  sender: "device",
  name: "heartbeat",
  answers: 0,
  odd: ["the MCU has started"],
});
const REPORT = frame({
  index: 2,
  offset: 8,
  sender: "device",
  name: "report",
  text: "power_W 67.3 W",
  hex: "55aa0307",
});
const NOISE = frame({
  index: 3,
  offset: 20,
  sender: "device",
  kind: "noise",
  name: "",
  reason: "bad checksum",
  hex: "0307",
});
const ALL = [ASK, ANSWER, REPORT, NOISE];

const shown = (filter: Partial<typeof NO_FILTER>) => filtered(ALL, { ...NO_FILTER, ...filter }).map((one) => one.index);

describe("a filter of frames", () => {
  it("without anything keeps all", () => expect(shown({})).toEqual([0, 1, 2, 3]));
  it("keeps a side", () => expect(shown({ side: "controller" })).toEqual([0]));
  it("keeps what is odd, and what is no frame", () => expect(shown({ odd: true })).toEqual([1, 3]));
  it("keeps a command", () => expect(shown({ name: "heartbeat" })).toEqual([0, 1]));
  it("keeps words, all of them", () => {
    expect(shown({ words: "POWER report" })).toEqual([2]);
    expect(shown({ words: "checksum" })).toEqual([3]);
    expect(shown({ words: "power heartbeat" })).toEqual([]);
  });
  it("finds bytes with and without blanks, at whole bytes only", () => {
    expect(shown({ words: "03 07" })).toEqual([2, 3]);
    expect(shown({ words: "5aa0" })).toEqual([]);
  });
  it("combines", () => expect(shown({ side: "device", odd: true, words: "started" })).toEqual([1]));
});

it("names are counted", () => {
  expect(namesOf(ALL)).toEqual([
    ["heartbeat", 2],
    ["noise", 1],
    ["report", 1],
  ]);
  expect(nameOf(frame({ name: "", command: 7 }))).toBe("07");
  expect(nameOf(frame({ name: "", command: "r" }))).toBe("r");
});

it("an answer and its request are linked, both ways", () => {
  expect([...linked(ALL, ASK)]).toEqual([1]);
  expect([...linked(ALL, ANSWER)]).toEqual([0]);
  expect([...linked(ALL, REPORT)]).toEqual([]);
  expect([...linked(ALL, undefined)]).toEqual([]);
});
