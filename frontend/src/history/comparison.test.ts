import { describe, expect, it } from "vitest";

import { dayFrom, instantOf, type Range } from "../time/calendar";
import { changeText, comparisonOf, placesAmong } from "./comparison";

const MADRID = "Europe/Madrid";
const at = (text: string, hour = 0, minute = 0) => instantOf({ ...dayFrom(text)!, hour, minute, second: 0 }, MADRID);
const compared = (range: Range, on: string, now: number) => comparisonOf(range, dayFrom(on)!, now, MADRID);

describe("the period before", () => {
  it("is whole beside a whole one", () => {
    const found = compared("month", "2026-10-09", at("2026-11-30", 14))!;
    expect(found.current).toEqual({ start: at("2026-10-01"), end: at("2026-11-01") });
    expect(found.previous).toEqual({ start: at("2026-09-01"), end: at("2026-10-01") });
    expect(found.text).toBe("September 2026");
  });

  it("has as many complete days as this month", () => {
    const found = compared("month", "2026-11-30", at("2026-11-30", 14))!;
    expect(found.current).toEqual({ start: at("2026-11-01"), end: at("2026-11-30") });
    expect(found.previous).toEqual({ start: at("2026-10-01"), end: at("2026-10-30") });
    expect(found.whole.end).toBe(at("2026-11-01"));
    expect(found.text).toBe("1 – 29 Oct 2026");
  });

  it("limits both if it is shorter", () => {
    const found = compared("month", "2026-03-31", at("2026-03-31", 14))!;
    expect(found.current.end).toBe(at("2026-03-29"));
    expect(found.previous.end).toBe(at("2026-03-01"));
  });

  it("has the same weekdays, and the same dates of a year", () => {
    expect(compared("week", "2026-11-26", at("2026-11-26", 9))!.text).toBe("16 – 18 Nov 2026");
    expect(compared("year", "2028-03-02", at("2028-03-02", 9))!.text).toBe("1 Jan – 1 Mar 2027");
  });

  it("has as many complete hours as today", () => {
    const found = compared("day", "2026-11-30", at("2026-11-30", 14, 3))!;
    expect(found.current.end).toBe(at("2026-11-30", 14));
    expect(found.previous).toEqual({ start: at("2026-11-29"), end: at("2026-11-29", 14) });
    expect(found.text).toBe("Sun 29 Nov 2026, 14 h");
  });

  it("does not exist before the first hour or day is complete", () => {
    expect(compared("day", "2026-11-30", at("2026-11-30", 0, 59))).toBeUndefined();
    expect(compared("month", "2026-11-01", at("2026-11-01", 23))).toBeUndefined();
  });
});

describe("another period", () => {
  const beside = (range: Range, on: string, against: "year" | string, now: number) =>
    comparisonOf(range, dayFrom(on)!, now, MADRID, against === "year" ? "year" : dayFrom(against)!);

  it("is the same month of the year before, as far as this one is", () => {
    const found = beside("month", "2026-11-30", "year", at("2026-11-30", 14))!;
    expect([found.title, found.text]).toEqual(["November 2025", "1 – 29 Nov 2025"]);
    expect(found.current.end).toBe(at("2026-11-30"));
  });

  it("has the same weekdays a year before", () => {
    expect(beside("day", "2026-11-20", "year", at("2026-11-30"))!.text).toBe("Fri 21 Nov 2025");
    expect(beside("week", "2026-11-20", "year", at("2026-11-30"))!.text).toBe("17 – 23 Nov 2025");
  });

  it("may be any, also one that is not over, which limits both", () => {
    expect(beside("month", "2026-10-05", "2026-03-31", at("2026-11-30", 14))!.text).toBe("March 2026");
    const found = beside("month", "2026-10-05", "2026-11-07", at("2026-11-11", 14))!;
    expect(found.text).toBe("1 – 10 Nov 2026");
    expect(found.current).toEqual({ start: at("2026-10-01"), end: at("2026-10-11") });
    expect(found.whole.end).toBe(at("2026-12-01"));
  });

  it("is not the period itself, and none in the future", () => {
    expect(beside("month", "2026-11-05", "2026-11-20", at("2026-11-30"))).toBeUndefined();
    expect(beside("month", "2026-11-05", "2026-12-20", at("2026-11-30"))).toBeUndefined();
  });
});

describe("a change", () => {
  it("has a sign, and none without anything before", () => {
    expect([
      changeText(106, 100),
      changeText(88, 100),
      changeText(100, 100),
      changeText(5, 0),
      changeText(5000, 1),
    ]).toEqual(["▲ 6 %", "▼ 12 %", "= 0 %", "", "▲ × 5000"]);
  });
});

describe("the same hour of another day", () => {
  const hours = (text: string, count: number) => Array.from({ length: count + 1 }, (_, hour) => at(text) + hour * 3600);
  const places = (on: string, count: number, other: string, others: number) =>
    placesAmong("day", hours(on, count), hours(other, others), MADRID).slice(0, 5);

  it("is found where one of the days has 23 or 25 hours", () => {
    expect(places("2026-03-29", 23, "2026-03-28", 24)).toEqual([0, 1, 3, 4, 5]);
    expect(places("2026-03-30", 24, "2026-03-29", 23)).toEqual([0, 1, undefined, 2, 3]);
    expect(places("2026-10-25", 25, "2026-10-24", 24)).toEqual([0, 1, 2, 2, 3]);
    expect(places("2026-10-26", 24, "2026-10-25", 25)).toEqual([0, 1, 2, 4, 5]);
  });

  it("is the same weekday, day or month of a longer period", () => {
    const days = (text: string, count: number) =>
      Array.from({ length: count + 1 }, (_, day) => at(text) + day * 86_400);
    expect(placesAmong("week", days("2026-11-16", 7), days("2026-11-09", 7), MADRID)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(placesAmong("month", days("2026-11-01", 30), days("2026-02-01", 28), MADRID).slice(26)).toEqual([
      26,
      27,
      undefined,
      undefined,
    ]);
  });
});
