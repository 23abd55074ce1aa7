import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { loadWords } from "../text/words";
import {
  dayFrom,
  dayOf,
  dayText,
  firstOf,
  instantOf,
  offsetAt,
  periodTitle,
  RANGES,
  shifted,
  shortTitle,
  spanOf,
  spanText,
  wallOf,
  type Day,
  daysText,
} from "./calendar";

const MADRID = "Europe/Madrid";
const LORD_HOWE = "Australia/Lord_Howe";
const ZONES = [
  MADRID,
  LORD_HOWE,
  "UTC",
  "America/New_York",
  "America/Havana",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Pacific/Auckland",
];
const HOUR = 3600;

const day = (text: string): Day => dayFrom(text)!;
const hours = (text: string, zone: string) => {
  const { start, end } = spanOf("day", day(text), zone);
  return (end - start) / HOUR;
};

describe("a day in the hub's zone", () => {
  it("has 23 hours when the clocks go forward in Madrid and 25 when they go back", () => {
    expect(hours("2026-03-29", MADRID)).toBe(23);
    expect(hours("2026-10-25", MADRID)).toBe(25);
    expect(hours("2026-11-20", MADRID)).toBe(24);
  });

  it("has half an hour less or more on Lord Howe Island", () => {
    expect(hours("2026-10-04", LORD_HOWE)).toBe(23.5);
    expect(hours("2026-04-05", LORD_HOWE)).toBe(24.5);
  });

  it("begins at one o'clock if midnight is skipped", () => {
    const { start } = spanOf("day", day("2026-03-08"), "America/Havana");
    expect(wallOf(start, "America/Havana")).toMatchObject({ day: 8, hour: 1, minute: 0 });
    expect(wallOf(start - 1, "America/Havana")).toMatchObject({ day: 7, hour: 23, minute: 59 });
  });

  it("begins at the first of two midnights", () => {
    const start = instantOf(day("2026-11-01"), "America/Havana");
    expect(wallOf(start - 1, "America/Havana").day).toBe(31);
    expect(hours("2026-11-01", "America/Havana")).toBe(25);
  });
});

describe("a period", () => {
  it("of a week begins on Monday, of a month on the first, of a year in January", () => {
    expect(dayText(firstOf("week", day("2026-11-22")))).toBe("2026-11-16");
    expect(dayText(firstOf("week", day("2026-11-16")))).toBe("2026-11-16");
    expect(dayText(firstOf("month", day("2026-11-22")))).toBe("2026-11-01");
    expect(dayText(firstOf("year", day("2026-11-22")))).toBe("2026-01-01");
  });

  it("before January is December of the year before", () => {
    expect(dayText(shifted("month", day("2026-01-31"), -1))).toBe("2025-12-01");
    expect(dayText(shifted("month", day("2026-01-31"), 1))).toBe("2026-02-01");
    expect(dayText(shifted("day", day("2024-02-28"), 1))).toBe("2024-02-29");
  });

  it("in March is an hour shorter in Madrid, a year is not", () => {
    const march = spanOf("month", day("2026-03-10"), MADRID);
    expect((march.end - march.start) / HOUR).toBe(31 * 24 - 1);
    const year = spanOf("year", day("2026-03-10"), MADRID);
    expect((year.end - year.start) / HOUR).toBe(365 * 24);
  });

  it("follows the previous one without a gap, in any zone and year", () => {
    const anyDay = fc.date({ min: new Date("1975-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(anyDay, fc.constantFrom(...ZONES), fc.constantFrom(...RANGES), (date, zone, range) => {
        const on = dayOf(date.getTime() / 1000, zone);
        const span = spanOf(range, on, zone);
        expect(spanOf(range, shifted(range, on, 1), zone).start).toBe(span.end);
        expect(span.start).toBeLessThanOrEqual(date.getTime() / 1000);
        expect(span.end).toBeGreaterThan(date.getTime() / 1000);
        expect(shifted(range, shifted(range, on, 1), -1)).toEqual(firstOf(range, on));
      }),
      { numRuns: 150 },
    );
  });
});

describe("the local time", () => {
  it("of an instant is converted back to the instant", () => {
    const anyTime = fc.integer({ min: 0, max: 2_200_000_000 });
    fc.assert(
      fc.property(anyTime, fc.constantFrom(...ZONES), (at, zone) => {
        const back = instantOf(wallOf(at, zone), zone);
        expect([0, 1800, HOUR]).toContain(at - back); // the second of two equal hours leads to the first
        expect(Math.abs(offsetAt(at, zone))).toBeLessThanOrEqual(15 * HOUR);
      }),
      { numRuns: 150 },
    );
  });
});

describe("texts", () => {
  it("of periods", () => {
    expect(periodTitle("day", day("2026-11-20"))).toBe("Fri 20 Nov 2026");
    expect(periodTitle("week", day("2026-11-20"))).toBe("16 – 22 Nov 2026");
    expect(periodTitle("week", day("2026-12-01"))).toBe("30 Nov – 6 Dec 2026");
    expect(periodTitle("week", day("2026-12-31"))).toBe("28 Dec 2026 – 3 Jan 2027");
    expect(periodTitle("month", day("2026-11-20"))).toBe("November 2026");
    expect(periodTitle("year", day("2026-11-20"))).toBe("2026");
  });

  it("of a span have the second day only if it is different", () => {
    const noon = instantOf({ ...day("2026-11-20"), hour: 12 }, MADRID);
    expect(spanText({ start: noon, end: noon + HOUR }, MADRID)).toBe("20 Nov 12:00 – 13:00");
    expect(spanText({ start: noon, end: noon + 13 * HOUR }, MADRID)).toBe("20 Nov 12:00 – 21 Nov 01:00");
    expect(spanText({ start: noon, end: noon + 60 }, MADRID)).toBe("20 Nov 12:00:00 – 12:01:00");
  });

  it("of invalid days are rejected", () => {
    for (const text of ["2026-02-30", "2026-13-01", "26-1-1", "", "today", "2026-11-20x", "1066-10-14"])
      expect(dayFrom(text)).toBeUndefined();
    expect(dayFrom(null)).toBeUndefined();
    expect(dayText(dayFrom("2024-02-29")!)).toBe("2024-02-29");
  });
});

describe("days in words", () => {
  it("name the month and the year where they differ", () => {
    const text = (first: string, last: string) => daysText(dayFrom(first)!, dayFrom(last)!);
    expect([
      text("2026-11-16", "2026-11-22"),
      text("2026-10-30", "2026-11-02"),
      text("2025-11-30", "2026-11-29"),
      text("2026-11-16", "2026-11-16"),
    ]).toEqual(["16 – 22 Nov 2026", "30 Oct – 2 Nov 2026", "30 Nov 2025 – 29 Nov 2026", "16 Nov 2026"]);
  });

  it.each([
    ["de", "de-DE", "16. – 22. Nov. 2026", "30. Nov. – 6. Dez."],
    ["es", "es-ES", "16 – 22 nov 2026", "30 nov – 6 dic"],
    ["en", "en-US", "Nov 16 – 22, 2026", "Nov 30 – Dec 6"],
  ] as const)("are written as in %s, %s", async (language, locale, days, week) => {
    await loadWords(language, locale);
    expect([periodTitle("week", day("2026-11-20")), shortTitle("week", day("2026-12-01"))]).toEqual([days, week]);
    await loadWords("en", "en-GB");
  });
});
