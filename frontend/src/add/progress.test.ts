import { describe, expect, it } from "vitest";

import type { LinkTest } from "../data/shapes";
import { addressOf, isActive, placeOf, relationOf } from "./progress";

function test(number: number, phase: LinkTest["phase"], offer = "a"): LinkTest {
  return {
    number,
    phase,
    offer,
    attempt: "",
    step: 0,
    steps: 0,
    problem: "",
    family: "",
    link: "",
    title: "",
    devices: [],
    readings: [],
    traced: "",
    trace: [],
    proposal: null,
  };
}

describe("the address", () => {
  it("says what was chosen, and how far it is", () => {
    const id = "serial:/dev/tty & ü";
    for (const step of ["trial", "naming"] as const) {
      const { searchParams } = new URL(addressOf(id, step), "http://hub");
      expect(placeOf(searchParams)).toEqual({ step, offer: id, way: "" });
    }
    expect(placeOf(new URLSearchParams("by=hand"))).toEqual({ step: "found", offer: "", way: "hand" });
    expect(placeOf(new URLSearchParams("by=oops&step=naming")).step).toBe("found");
    expect(addressOf()).toBe("/add");
  });
});

describe("the test of the hub", () => {
  it("is begun where none runs", () => {
    expect(relationOf(test(0, "idle", ""), "a", undefined, false)).toBe("begin");
    expect(relationOf(test(4, "silent"), "a", undefined, false)).toBe("begin");
  });
  it("is followed after a reload, and left alone where it is of another browser", () => {
    expect(relationOf(test(4, "answering"), "a", undefined, false)).toBe("ours");
    expect(relationOf(test(4, "trying", "b"), "a", undefined, false)).toBe("taken");
  });
  it("is ours until another one is begun", () => {
    expect(relationOf(test(4, "idle", ""), "a", 5, false)).toBe("begun");
    expect(relationOf(test(5, "ended"), "a", 5, true)).toBe("ours");
    expect(relationOf(test(6, "answering", "b"), "a", 5, true)).toBe("replaced");
  });
  it("is not begun again by itself when the other one has ended: two windows would fight", () => {
    expect(relationOf(test(6, "ended", "b"), "a", 5, true)).toBe("replaced");
  });
  it("is begun again after a restart of the hub", () => {
    expect(relationOf(test(0, "idle", ""), "a", 5, true)).toBe("begin");
  });
  it("holds its link while it runs", () => {
    expect(
      (["idle", "listening", "trying", "answering", "silent", "failed", "ended"] as const).filter((phase) =>
        isActive({ phase }),
      ),
    ).toEqual(["listening", "trying", "answering"]);
  });
});
