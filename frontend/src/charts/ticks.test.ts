import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { dayFrom, dayOf, instantOf, spanOf, wallOf, type Span } from "../time/calendar";
import { axisNumbers, axisUnit, roundStep, timeTicks, valueTicks } from "./ticks";

const MADRID = "Europe/Madrid";
const LORD_HOWE = "Australia/Lord_Howe";
const dayIn = (text: string, zone: string): Span => spanOf("day", dayFrom(text)!, zone);
const texts = (span: Span, most: number, zone: string) => timeTicks(span, most, zone).map((tick) => tick.text);

describe("the time axis", () => {
  it("has ticks at round local hours and the date at midnight", () => {
    expect(texts(dayIn("2026-11-20", MADRID), 8, MADRID)).toEqual([
      "20 Nov",
      "03:00",
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
      "21:00",
      "21 Nov",
    ]);
  });

  it("has the repeated hour twice, and not the skipped one", () => {
    const back = texts(dayIn("2026-10-25", MADRID), 25, MADRID);
    expect(back.filter((text) => text === "02:00")).toHaveLength(2);
    const forward = texts(dayIn("2026-03-29", MADRID), 24, MADRID);
    expect(forward).not.toContain("02:00");
    expect(forward).toContain("03:00");
  });

  it("has full hours after a change of half an hour on Lord Howe Island", () => {
    const shown = texts(dayIn("2026-10-04", LORD_HOWE), 12, LORD_HOWE);
    expect(shown).toContain("06:00");
    expect(shown.filter((text) => /:30$/.test(text))).toEqual([]);
  });

  it("has full hours on a day that began at a quarter past", () => {
    const shown = texts(dayIn("1986-01-01", "Asia/Kathmandu"), 8, "Asia/Kathmandu");
    expect(shown).toEqual(["03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "2 Jan"]);
  });

  it("of a short span has seconds", () => {
    const noon = instantOf({ ...dayFrom("2026-11-20")!, hour: 12 }, MADRID);
    expect(texts({ start: noon, end: noon + 20 }, 4, MADRID)).toEqual([
      "12:00:00",
      "12:00:05",
      "12:00:10",
      "12:00:15",
      "12:00:20",
    ]);
  });

  it("of a month has days, of a year months", () => {
    const november = spanOf("month", dayFrom("2026-11-20")!, MADRID);
    expect(texts(november, 6, MADRID)).toEqual(["2 Nov", "9 Nov", "16 Nov", "23 Nov", "30 Nov"]);
    const year = spanOf("year", dayFrom("2026-11-20")!, MADRID);
    expect(texts(year, 14, MADRID)).toEqual([
      "2026",
      "Feb",
      "Mar",
      "Apr",
      "May",
      "Jun",
      "Jul",
      "Aug",
      "Sept",
      "Oct",
      "Nov",
      "Dec",
      "2027",
    ]);
  });

  it("has about the requested number of ticks, all inside, in order, at full minutes if possible", () => {
    const zone = fc.constantFrom(MADRID, LORD_HOWE, "UTC", "Asia/Kathmandu", "America/Havana");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000_000 }),
        fc.double({ min: 1, max: 8.5, noNaN: true }),
        fc.integer({ min: 2, max: 14 }),
        zone,
        (start, size, most, zone) => {
          const span = { start, end: start + Math.round(10 ** size) };
          const ticks = timeTicks(span, most, zone);
          expect(ticks.length).toBeLessThanOrEqual(most * 1.2 + 3);
          ticks.forEach(({ at }, index) => {
            expect(at).toBeGreaterThanOrEqual(span.start);
            expect(at).toBeLessThanOrEqual(span.end);
            if (index) expect(at).toBeGreaterThan(ticks[index - 1]!.at);
            const isDayBegun = at !== instantOf(dayOf(at, zone), zone); // Kathmandu's 1986 began at 00:15
            if (isDayBegun && span.end - span.start > 3600 * most) expect(wallOf(at, zone).minute).toBe(0);
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("the value axis", () => {
  it("has round numbers", () => {
    expect(valueTicks(0, 2100, 5)).toEqual([0, 500, 1000, 1500, 2000]);
    expect(valueTicks(-120, 300, 5)).toEqual([-100, 0, 100, 200, 300]);
    expect(valueTicks(229.4, 230.9, 4)).toEqual([229.5, 230, 230.5]);
    expect(roundStep(0, 5)).toBe(1);
  });

  it("has numbers in one unit with equal digits", () => {
    const { unit, divisor } = axisUnit("W", 2100);
    expect(unit).toBe("kW");
    expect(axisNumbers([0, 500, 1000], divisor)).toEqual(["0.0", "0.5", "1.0"]);
    expect(axisNumbers([-100, 0, 100], axisUnit("W", 300).divisor)).toEqual(["−100", "0", "100"]);
    expect(axisUnit("Wh", 3).unit).toBe("kWh");
    expect(axisUnit("V", 2300)).toEqual({ unit: "V", divisor: 1 });
  });
});
