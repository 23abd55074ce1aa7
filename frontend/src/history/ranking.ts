/** What used or supplied energy, largest first, each with its share of the whole and its change. Pure. */
import { changeText } from "./comparison";
import type { Share } from "./energy";

/** `share`: of the whole, 0 to 1. `length`: of its bar, 0 to 1. `change`: `▲ 6 %`; "" if unknown. */
export type Ranked = Share & Readonly<{ share: number; length: number; change: string }>;

/** The same parts of comparable periods; undefined if they cannot be compared. */
export type Both = Readonly<{ now: readonly Share[]; before: readonly Share[] }> | undefined;

/** Export is no use: it has no share. */
export function ranked(shares: readonly Share[], both: Both): Ranked[] {
  const whole = shares.reduce((sum, one) => sum + (one.part === "export" ? 0 : one.Wh), 0);
  const most = Math.max(0, ...shares.map((one) => one.Wh));
  const find = (all: readonly Share[], { part, device }: Share) =>
    all.find((one) => one.part === part && one.device === device)?.Wh ?? 0;
  return [...shares]
    .sort((one, other) => other.Wh - one.Wh)
    .map((one) => ({
      ...one,
      share: one.part === "export" || !whole ? 0 : one.Wh / whole,
      length: most ? one.Wh / most : 0,
      change: both ? changeText(find(both.now, one), find(both.before, one)) : "",
    }));
}

/** All shares, also those of devices that used nothing. */
export function withIdle(shares: readonly Share[], devices: readonly string[]): Share[] {
  const missing = devices.filter((id) => !shares.some((one) => one.device === id));
  return [...shares, ...missing.map((device): Share => ({ part: "device", device, Wh: 0, estimated: false }))];
}

/** A part of two periods: how much more or less it was. `length`: of its bar, 0 to 1. */
export type ChangedShare = Share & Readonly<{ before: number; by: number; length: number; change: string }>;

/** What changed most first; what did not change by a watt-hour is left out. */
export function changesOf(now: readonly Share[], before: readonly Share[]): ChangedShare[] {
  const key = ({ part, device }: Share) => `${part} ${device}`;
  const then = new Map(before.map((one) => [key(one), one]));
  const gone = before.filter((one) => !now.some((other) => key(other) === key(one))).map((one) => ({ ...one, Wh: 0 }));
  const both = [...now, ...gone].map((one) => ({
    ...one,
    before: then.get(key(one))?.Wh ?? 0,
    by: one.Wh - (then.get(key(one))?.Wh ?? 0),
  }));
  const most = Math.max(0, ...both.map(({ by }) => Math.abs(by)));
  return both
    .filter(({ by }) => Math.abs(by) >= 1)
    .sort((one, other) => Math.abs(other.by) - Math.abs(one.by))
    .map((one) => ({ ...one, length: Math.abs(one.by) / most, change: changeText(one.Wh, one.before) }));
}
