/**
 * The prices of some days as strips, one for each local day, and when the price is lower next. Pure.
 *
 *     Mon ░░░░░░░░▒▒▒▒████▒▒▒▒████░░░░     a segment for each run of equal price; twelve shades from the lowest price
 *     Tue ░░░░░░░░▒▒▒▒████▒▒▒▒████░░░░     of these days to the highest
 */
import type { components } from "../api";
import { dayOf, instantOf, plusDays, type Day } from "../time/calendar";
import { numberOf } from "./money";

export type Prices = components["schemas"]["PricesView"];

export const SHADES = 12;

/** A run of equal price. `from`, `to`: parts of the day, 0 to 1; `shade`: 1 to SHADES, 0 = the price is not known. */
export type Segment = Readonly<{
  start: number;
  end: number;
  from: number;
  to: number;
  price: number | undefined;
  zone: string;
  shade: number;
}>;
export type DayStrip = Readonly<{ day: Day; segments: readonly Segment[] }>;

export function stripsOf(prices: Prices, zone: string): DayStrip[] {
  const { at } = prices;
  const known = prices.price.map(numberOf).filter((one) => one !== undefined);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const strips: DayStrip[] = [];
  for (
    let day = dayOf(at[0] ?? 0, zone), until = at.at(-1) ?? 0;
    at.length > 1 && instantOf(day, zone) < until;
    day = plusDays(day, 1)
  ) {
    const [begin, end] = [instantOf(day, zone), instantOf(plusDays(day, 1), zone)];
    const segments = at.slice(0, -1).flatMap((run, index): Segment[] => {
      const [start, stop] = [Math.max(run, begin), Math.min(at[index + 1] ?? run, end)];
      if (start >= stop) return [];
      const price = numberOf(prices.price[index]);
      return [
        {
          start,
          end: stop,
          from: (start - begin) / (end - begin),
          to: (stop - begin) / (end - begin),
          price,
          zone: prices.zone[index] ?? "",
          shade: shadeOf(price, low, high),
        },
      ];
    });
    strips.push({ day, segments });
  }
  return strips;
}

function shadeOf(price: number | undefined, low: number, high: number): number {
  if (price === undefined) return 0;
  return high > low ? 1 + Math.round(((price - low) / (high - low)) * (SHADES - 1)) : Math.round(SHADES / 2);
}

/** The next time at which the price is lower than now, and the lowest within a day; undefined where there is none. */
export function cheaperOf(
  prices: Prices,
  now: number,
  within = 86_400,
): { next: Segment | undefined; lowest: Segment | undefined } {
  const all = prices.at.slice(0, -1).map((start, index) => ({
    start,
    end: prices.at[index + 1] ?? start,
    from: 0,
    to: 0,
    price: numberOf(prices.price[index]),
    zone: prices.zone[index] ?? "",
    shade: 0,
  }));
  const present = all.find(({ start, end }) => start <= now && now < end);
  if (present?.price === undefined) return { next: undefined, lowest: undefined };
  const later = all.filter(
    ({ start, price }) => start > now && start < now + within && price !== undefined && price < (present.price ?? 0),
  );
  const lowest = later.reduce<Segment | undefined>(
    (least, one) => (least === undefined || (one.price ?? 0) < (least.price ?? 0) ? one : least),
    undefined,
  );
  return { next: later[0], lowest };
}

/**
 * The lowest and the highest price of each zone, in the order in which they come; one zone without a name where there
 * are none.
 */
export function zonePrices(prices: Prices): { zone: string; low: number; high: number }[] {
  const found = new Map<string, { zone: string; low: number; high: number }>();
  prices.price.forEach((text, index) => {
    const [price, zone] = [numberOf(text), prices.zone[index] ?? ""];
    if (price === undefined) return;
    const old = found.get(zone);
    found.set(zone, { zone, low: Math.min(old?.low ?? price, price), high: Math.max(old?.high ?? price, price) });
  });
  return [...found.values()];
}

/** The mean price of all known times, of a kWh used evenly; undefined without a price. */
export function meanPrice(prices: Prices): number | undefined {
  let [sum, time] = [0, 0];
  prices.price.forEach((text, index) => {
    const [price, length] = [numberOf(text), (prices.at[index + 1] ?? 0) - (prices.at[index] ?? 0)];
    if (price === undefined) return;
    sum += price * length;
    time += length;
  });
  return time ? sum / time : undefined;
}
