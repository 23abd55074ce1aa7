/** What the export form asks of the hub, as the query of GET /api/export. Pure. */
import type { Query } from "../data/http";

export type Content = "readings" | "energy" | "events";
export type Export = Readonly<{
  content: Content;
  device: string;
  step: number;
  by: string;
  from: string;
  to: string;
  format: string;
}>;

export const CONTENTS: readonly Content[] = ["readings", "energy", "events"];
export const STEPS: readonly number[] = [0, 60, 900, 3600, 86_400];
export const PERIODS = ["hour", "day", "week", "month"] as const;
export const FORMATS = ["csv", "jsonl", "parquet", "sqlite"] as const;
export const FIRST: Export = { content: "readings", device: "", step: 900, by: "day", from: "", to: "", format: "csv" };

const DAY_MS = 86_400_000;

/** Days are whole days of the hub's time zone; the last one is included. */
export function exportQuery({ content, device, step, by, from, to, format }: Export): Query {
  return {
    format,
    content,
    device: device || undefined,
    step: content === "readings" && step ? step : undefined,
    by: content === "energy" ? by : undefined,
    start: from || undefined,
    end: to ? dayAfter(to) : undefined,
  };
}

/** Whether the days are in order; an open end is. */
export function isInOrder({ from, to }: Export): boolean {
  return !from || !to || from <= to;
}

/** The day after `2026-12-31`. */
function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}
