import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { inputText, limitText, stepOf, stepped, typed } from "./steps";

const point = (exponent: number, minimum: number | null = null, maximum: number | null = null, unit = "°C") =>
  ({ kind: "number", access: "rw", unit, exponent, minimum, maximum, options: [] as string[] }) as const;

describe("the input of a number", () => {
  it("has the step of its point", () => {
    expect([-3, -1, 0, 1].map(stepOf)).toEqual(["0.001", "0.1", "1", "10"]);
  });

  it("accepts a number on a step, also with a decimal comma", () => {
    expect(typed("21.5", point(-1))).toEqual({ value: 21.5 });
    expect(typed(" 21,5 ", point(-1))).toEqual({ value: 21.5 });
    expect(typed("−5", point(0))).toEqual({ value: -5 });
  });

  it("reports the problem of any other text", () => {
    for (const text of ["", "warm", "1e999", "Infinity", "1 2"])
      expect(typed(text, point(0))).toHaveProperty("problem");
    expect(typed("21.55", point(-1))).toEqual({ problem: "The value must be a multiple of 0.1." });
    expect(typed("31", point(0, 5, 30))).toEqual({ problem: "Allowed: 5 to 30\u202f°C." });
    expect(typed("4", point(0, 5))).toEqual({ problem: "Allowed: at least 5\u202f°C." });
  });

  it("goes up and down by half a degree where the device has that, onto steps and within the limits", () => {
    expect([
      stepped(21, 1, point(-1, 5, 30)),
      stepped(21.3, -1, point(-1, 5, 30)),
      stepped(30, 1, point(-1, 5, 30)),
      stepped(5, -1, point(-1, 5, 30)),
    ]).toEqual([21.5, 21, 30, 5]);
    expect([stepped(21, 1, point(0)), stepped(20, -1, point(1))]).toEqual([22, 10]);
  });

  it("accepts the limits", () => {
    expect(typed("0", point(0, 0, 86400, "s"))).toEqual({ value: 0 });
    expect(typed("86400", point(0, 0, 86400, "s"))).toEqual({ value: 86400 });
  });

  it("is parsed to the value shown, whatever the exponent", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -4, max: 2 }), (steps, exponent) => {
        const value = Number(`${steps}e${exponent}`);
        expect(typed(inputText(value, exponent), point(exponent))).toEqual({ value: value === 0 ? 0 : value });
      }),
    );
  });
});

describe("limits as text", () => {
  it("have the unit of the input, and the step if it is not 1", () => {
    expect(limitText(point(0, 0, 86400, "s"))).toBe("0 to 86400\u202fs");
    expect(limitText(point(-1, 5, 30))).toBe("5 to 30\u202f°C, in steps of 0.1");
    expect(limitText(point(0, 0, 3000, "W"))).toBe("0 to 3000\u202fW");
    expect(limitText(point(0))).toBe("");
    expect(limitText({ ...point(-1, 5, 30), access: "r" })).toBe("5 to 30\u202f°C");
  });

  it("are the options of a choice, and empty for a switch", () => {
    const choice = {
      kind: "enum",
      access: "rw",
      unit: "",
      exponent: 0,
      minimum: null,
      maximum: null,
      options: ["off", "on", "last"],
    } as const;
    expect(limitText({ ...choice, options: [...choice.options] })).toBe("off, on, last");
    expect(limitText({ ...choice, kind: "switch", options: [] })).toBe("");
  });
});
