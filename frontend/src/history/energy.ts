/**
 * Energy of each period as bars: use upwards, export downwards.
 *
 *     stacked ▒▒ everything else     sources ▒▒ made here      grouped █
 *             ▓▓ fridge                      ▓▓ from the grid          █ ▓
 *             ██ kettle                      ▓▓                        █ ▓ ▒
 *             ── 0 ──                        ── 0 ──                   ── 0 ──
 *             ░░ to the grid                 ░░ to the grid            ░
 *
 * Stacked bars count nothing twice: devices behind a meter are part of it (flows.ts, as on the Now page), and the rest
 * is what no plug measures. Sources have the same length where a meter knows it. Grouped bars show each counter
 * separately. Pure.
 */
import { flowsOf, planOf, type Plan } from "../energy/flows";
import type { Device, Energy } from "../data/shapes";
import { dayOf, instantOf, type Range } from "../time/calendar";
import type { Layout } from "./view";

export const IMPORT = "energy_import_Wh";
export const EXPORT = "energy_export_Wh";

/** `fixed`: of costs, what does not depend on the use. */
export type Part = "device" | "rest" | "import" | "export" | "produced" | "fixed";
/** `from`, `to`: Wh, downwards negative. `slot` of `slots`: position within the period. */
export type Bar = Readonly<{
  part: Part;
  device: string;
  period: number;
  from: number;
  to: number;
  slot: number;
  estimated: boolean;
}>;
export type Bars = Readonly<{ bars: readonly Bar[]; slots: number; low: number; high: number }>;

/** The rises of the counters of one device in one period; undefined if unknown. */
export type Rise = { import?: number; export?: number; estimated: boolean };
export type Rises = ReadonlyMap<string, readonly Rise[]>;

export type Totals = Readonly<{
  /** Import and export of the meters; undefined without a meter. */
  import: number | undefined;
  export: number | undefined;
  produced: number;
  used: number;
  estimated: boolean;
  isKnown: boolean;
  each: readonly { part: Part; device: string; Wh: number; estimated: boolean }[];
}>;

export const BY: Readonly<Record<Range, Energy["by"]>> = { day: "hour", week: "day", month: "day", year: "month" };

/** The rises of each device, period by period. */
export function risesOf(energy: Energy): Rises {
  const found = new Map<string, Rise[]>();
  const periods = Math.max(energy.at.length - 1, 0);
  for (const row of energy.rows) {
    if (row.point !== IMPORT && row.point !== EXPORT) continue;
    const rises = found.get(row.device) ?? Array.from({ length: periods }, (): Rise => ({ estimated: false }));
    found.set(row.device, rises);
    rises.forEach((rise, index) => {
      const Wh = row.Wh[index];
      if (Wh === null || Wh === undefined) return;
      rise[row.point === IMPORT ? "import" : "export"] = Wh;
      rise.estimated ||= row.estimated[index] ?? false;
    });
  }
  return found;
}

export function barsOf(
  energy: Energy,
  devices: readonly Device[],
  how: Exclude<Layout, "changes">,
  isRest = false,
): Bars {
  const plan = planOf(devices);
  const rises = risesOf(energy);
  const of = { stacked: stackedBars, sources: sourceBars, grouped: groupedBars }[how];
  const all = Array.from({ length: Math.max(energy.at.length - 1, 0) }, (_, period) => of(plan, rises, period)).flat();
  const bars = isRest ? restBars(all) : all;
  const ends = bars.map((bar) => bar.to);
  const slots = how === "grouped" ? Math.max(plan.devices.length, 1) : 1;
  return { bars, slots, low: Math.min(0, ...ends), high: Math.max(0, ...ends) };
}

/** The rest alone, from zero. */
function restBars(bars: readonly Bar[]): Bar[] {
  return bars.filter((bar) => bar.part === "rest").map((bar) => ({ ...bar, from: 0, to: bar.to - bar.from }));
}

/** The use in each period: the length of its bar above zero; undefined if nothing is known of it. */
export function heightsOf(energy: Energy, { bars }: Bars): (number | undefined)[] {
  const heights = energy.at.slice(1).map((_, period): number | undefined => (isKnown(energy, period) ? 0 : undefined));
  for (const { period, from, to } of bars) if (to > from) heights[period] = (heights[period] ?? 0) + to - from;
  return heights;
}

function isKnown(energy: Energy, period: number): boolean {
  return energy.rows.some(({ Wh }) => Wh[period] !== null && Wh[period] !== undefined);
}

/** Whether each of its periods is known: only then can its total be compared. */
export function isComplete(energy: Energy): boolean {
  return energy.at.length > 1 && energy.at.slice(1).every((_, period) => isKnown(energy, period));
}

/** The periods that end by then. */
export function until(energy: Energy, end: number): Energy {
  const periods = energy.at.slice(1).filter((at) => at <= end).length;
  const rows = energy.rows.map((row) => ({
    ...row,
    Wh: row.Wh.slice(0, periods),
    estimated: row.estimated.slice(0, periods),
    gap: row.gap.slice(0, periods),
    edited: row.edited.slice(0, periods),
    void: row.void.slice(0, periods),
  }));
  return { ...energy, at: energy.at.slice(0, periods + 1), rows };
}

/** Days added up to months. */
export function monthsOf(energy: Energy): Energy {
  const starts = energy.at
    .slice(0, -1)
    .map((at) => instantOf({ ...dayOf(at, energy.timezone), day: 1 }, energy.timezone));
  const at = [...new Set(starts)];
  const rows = energy.rows.map((row) => {
    const Wh = at.map((): number | null => null);
    const marked = (days: readonly boolean[]) =>
      at.map((month) => starts.some((start, day) => start === month && days[day]));
    starts.forEach((start, day) => {
      const month = at.indexOf(start);
      const more = row.Wh[day];
      if (more !== null && more !== undefined) Wh[month] = (Wh[month] ?? 0) + more;
    });
    return {
      ...row,
      Wh,
      estimated: marked(row.estimated),
      gap: marked(row.gap),
      edited: marked(row.edited),
      void: marked(row.void),
    };
  });
  return { ...energy, by: "month", at: [...at, ...energy.at.slice(-1)], rows };
}

/** A part of all that was used or supplied; `device` "" for the rest. */
export type Share = Readonly<{ part: Part; device: string; Wh: number; estimated: boolean }>;

/** The bars of a layout added up, in the order of the devices. */
export function sharesOf(bars: readonly Bar[]): Share[] {
  const sums = new Map<string, Share>();
  for (const { part, device, from, to, estimated } of bars) {
    const key = `${part} ${device}`;
    const sum = sums.get(key);
    sums.set(key, {
      part,
      device,
      Wh: (sum?.Wh ?? 0) + Math.abs(to - from),
      estimated: estimated || (sum?.estimated ?? false),
    });
  }
  return [...sums.values()];
}

/** Totals of the whole range. */
export function totalsOf(energy: Energy, devices: readonly Device[]): Totals {
  const plan = planOf(devices);
  const rises = risesOf(energy);
  const each = new Map<string, { part: Part; device: string; Wh: number; estimated: boolean }>();
  for (let period = 0; period < energy.at.length - 1; period++) {
    for (const bar of [
      ...groupedBars(plan, rises, period),
      ...stackedBars(plan, rises, period).filter((bar) => bar.part === "rest"),
    ]) {
      const key = `${bar.part} ${bar.device}`;
      const sum = each.get(key) ?? { part: bar.part, device: bar.device, Wh: 0, estimated: false };
      each.set(key, { ...sum, Wh: sum.Wh + Math.abs(bar.to - bar.from), estimated: sum.estimated || bar.estimated });
    }
  }
  const rows = [...each.values()];
  const sum = (part: Part) => rows.filter((row) => row.part === part).reduce((total, row) => total + row.Wh, 0);
  const isMetered = rows.some((row) => row.part === "import" || row.part === "export");
  const through = isMetered ? sum("import") - sum("export") + sum("produced") : undefined;
  return {
    import: isMetered ? sum("import") : undefined,
    export: isMetered ? sum("export") : undefined,
    produced: sum("produced"),
    used: through ?? sum("device"),
    estimated: rows.some((row) => row.estimated),
    isKnown: rows.length > 0,
    each: rows.filter((row) => row.part !== "rest" || rows.some((other) => other.part === "device")),
  };
}

/** Stacked uses, the rest last, export below zero. */
function stackedBars(plan: Plan, rises: Rises, period: number): Bar[] {
  const uses = usesOf(plan, rises, period);
  const bars: Bar[] = [];
  let height = 0;
  for (const { part, device, Wh } of uses) {
    if (!(Wh > 0)) continue;
    const estimated = device
      ? isEstimated(rises, device, period)
      : plan.devices.some(({ id }) => isEstimated(rises, id, period));
    bars.push({ part, device, period, from: height, to: height + Wh, slot: 0, estimated });
    height += Wh;
  }
  let depth = 0;
  for (const id of plan.meters) {
    const given = rises.get(id)?.[period]?.export;
    if (!given) continue;
    bars.push({
      part: "export",
      device: id,
      period,
      from: depth,
      to: depth - given,
      slot: 0,
      estimated: isEstimated(rises, id, period),
    });
    depth -= given;
  }
  return bars;
}

/** What came from the grid, and what was made and used here; export below zero. */
function sourceBars(plan: Plan, rises: Rises, period: number): Bar[] {
  const all = groupedBars(plan, rises, period);
  const sum = (part: Part) =>
    all.filter((bar) => bar.part === part).reduce((total, bar) => total + Math.abs(bar.to), 0);
  const produced = sum("produced");
  const kept = produced ? Math.max(produced - sum("export"), 0) / produced : 0;
  const bars: Bar[] = [];
  let [height, depth] = [0, 0];
  for (const bar of all) {
    const Wh = bar.part === "produced" ? bar.to * kept : bar.to;
    if (bar.part === "export" && Wh) {
      bars.push({ ...bar, slot: 0, from: depth, to: depth + Wh });
      depth += Wh;
    } else if (bar.part !== "device" && Wh > 0) {
      bars.push({ ...bar, slot: 0, from: height, to: height + Wh });
      height += Wh;
    }
  }
  return bars;
}

/** The parts of a stacked bar. Without other devices, meters are shown as their import. */
function usesOf(plan: Plan, rises: Rises, period: number): { part: Part; device: string; Wh: number }[] {
  const rise = (id: string) => rises.get(id)?.[period];
  if (plan.devices.every((one) => plan.meters.has(one.id)))
    return plan.devices.map(({ id }) => ({ part: "import", device: id, Wh: rise(id)?.import ?? 0 }));
  const produces = new Set(plan.devices.filter((one) => one.produces).map((one) => one.id));
  const { uses } = flowsOf(plan, (id) => {
    const known = rise(id);
    if (known?.import === undefined) return undefined;
    return plan.meters.has(id) ? known.import - (known.export ?? 0) : known.import;
  });
  return uses
    .filter((use) => (use.kind === "device" || use.kind === "rest") && !produces.has(use.id))
    .map((use) => ({ part: use.kind as Part, device: use.id, Wh: use.W }));
}

/** Each device in its own slot. */
function groupedBars(plan: Plan, rises: Rises, period: number): Bar[] {
  return plan.devices.flatMap(({ id, produces }, slot) => {
    const rise = rises.get(id)?.[period];
    const isMeter = plan.meters.has(id);
    const part: Part = isMeter ? "import" : produces ? "produced" : "device";
    const base = { device: id, period, from: 0, slot, estimated: rise?.estimated ?? false };
    const bars: Bar[] = [];
    if (rise?.import !== undefined) bars.push({ ...base, part, to: rise.import });
    if (isMeter && rise?.export !== undefined) bars.push({ ...base, part: "export", to: -rise.export });
    return bars;
  });
}

function isEstimated(rises: Rises, id: string, period: number): boolean {
  return rises.get(id)?.[period]?.estimated ?? false;
}
