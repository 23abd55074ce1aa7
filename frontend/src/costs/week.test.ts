import { describe, expect, it } from "vitest";

import { dayFrom, instantOf } from "../time/calendar";
import { cheaperOf, meanPrice, SHADES, stripsOf, zonePrices, type Prices } from "./week";

const MADRID = "Europe/Madrid";
const at = (text: string, hour = 0) => instantOf({ ...dayFrom(text)!, hour, minute: 0, second: 0 }, MADRID);
const PRICES = {
  tariff: "home",
  currency: "EUR",
  digits: 2,
  at: [at("2026-11-30"), at("2026-11-30", 8), at("2026-11-30", 22), at("2026-12-01", 8), at("2026-12-02")],
  price: ["0.10", "0.20", "0.12", null],
  zone: ["valle", "punta", "valle", ""],
  feed_in: [null, null, null, null],
} as unknown as Prices;

describe("the prices of days", () => {
  it("are strips that cover each day, the highest price in the strongest shade", () => {
    const [monday, tuesday] = stripsOf(PRICES, MADRID);
    expect(monday!.segments.map(({ from, to, shade }) => [Math.round(from * 24), Math.round(to * 24), shade])).toEqual([
      [0, 8, 1],
      [8, 22, SHADES],
      [22, 24, 3],
    ]);
    expect(tuesday!.segments.map(({ price, shade }) => [price, shade])).toEqual([
      [0.12, 3],
      [undefined, 0],
    ]);
  });

  it("cover a day of 25 hours, and nothing without prices", () => {
    const long = {
      ...PRICES,
      at: [at("2026-10-25"), at("2026-10-26")],
      price: ["0.1"],
      zone: [""],
    } as unknown as Prices;
    expect(
      stripsOf(long, MADRID).map(({ segments }) => segments.map(({ from, to, shade }) => [from, to, shade])),
    ).toEqual([[[0, 1, 6]]]);
    expect(stripsOf({ ...PRICES, at: [], price: [], zone: [] } as unknown as Prices, MADRID)).toEqual([]);
  });

  it("say when it is cheaper next, if it is", () => {
    const { next, lowest } = cheaperOf(PRICES, at("2026-11-30", 9));
    expect([next?.price, next?.start, lowest?.price]).toEqual([0.12, at("2026-11-30", 22), 0.12]);
    expect(cheaperOf(PRICES, at("2026-11-30", 1)).next).toBeUndefined();
    expect(cheaperOf(PRICES, at("2026-12-01", 9)).next).toBeUndefined();
  });

  it("have a mean, of what is used evenly", () => {
    expect(meanPrice(PRICES)).toBeCloseTo((8 * 0.1 + 14 * 0.2 + 10 * 0.12) / 32);
    expect(meanPrice({ ...PRICES, price: [null, null, null, null] } as unknown as Prices)).toBeUndefined();
  });

  it("have a range for each zone", () => {
    expect(zonePrices(PRICES)).toEqual([
      { zone: "valle", low: 0.1, high: 0.12 },
      { zone: "punta", low: 0.2, high: 0.2 },
    ]);
  });
});
