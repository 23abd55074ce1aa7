/**
 * How much of the own production was used here, and how much of the use it covered. Pure.
 *
 *     made 190 ──┬─► used here 145 ──┬─► used 604     self-consumption 145 / 190, self-sufficiency 145 / 604
 *                └─► grid 45         └─◄ grid 459
 */
import type { Totals } from "./energy";

/** In Wh; shares from 0 to 1. */
export type Balance = Readonly<{
  used: number;
  import: number;
  export: number;
  produced: number;
  kept: number;
  consumption: number;
  sufficiency: number;
}>;

const LEAST = 5; // Wh: less is no production

/** undefined without a meter, or without production. */
export function balanceOf(totals: Totals): Balance | undefined {
  if (totals.import === undefined || totals.produced < LEAST || !(totals.used > 0)) return undefined;
  const given = totals.export ?? 0;
  const kept = Math.max(totals.produced - given, 0);
  const [consumption, sufficiency] = [kept / totals.produced, Math.min(kept / totals.used, 1)];
  return {
    used: totals.used,
    import: totals.import,
    export: given,
    produced: totals.produced,
    kept,
    consumption,
    sufficiency,
  };
}

/** `26 %`: whole, and never 0 or 100 unless it is. */
export function percentText(part: number): string {
  if (part > 0 && part < 0.005) return "< 1 %";
  return `${part < 1 && part > 0.99 ? 99 : Math.round(part * 100)} %`;
}
