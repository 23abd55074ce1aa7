/** Edits of a history: ranges that are marked as wrong, or corrected. */
import { address, post, remove } from "../../data/http";
import { reloadToday } from "../../data/today";
import type { Device, Schemas } from "../../data/shapes";
import { amountText, valueText } from "../../text/format";
import { say, type Id } from "../../text/words";
import { forgetAnswers } from "../answers";
import { instantOf, wallOf, type Span } from "../../time/calendar";

export type HistoryEdit = Schemas["HistoryEditView"];
export type EditPreview = Schemas["EditPreview"];

/** A request; what is not given has the defaults of the API. */
export type EditRequest = Omit<Schemas["EditBody"], "value" | "energy_Wh" | "estimate" | "origin"> &
  Partial<Pick<Schemas["EditBody"], "value" | "energy_Wh" | "estimate">>;

/** What the form asks for. `how`: void, value (of others), energy (of counters, kWh), estimate. */
export type Draft = Readonly<{
  point: string;
  from: string;
  to: string;
  how: "void" | "value" | "estimate";
  value: string;
  reason: string;
}>;

export function isCounter(device: Device, point: string): boolean {
  const found = device.points.find((one) => one.key === point);
  return found?.kind === "counter" && found.unit === "Wh";
}

/** The points whose history can be edited: those that are measured. */
export function editablePoints(device: Device): Device["points"] {
  return device.points.filter((one) => one.kind === "number" || one.kind === "counter" || one.kind === "switch");
}

/** A time as a field of date and time has it, in the hub's zone, to the minute. */
export function fieldTime(at: number, zone: string): string {
  const wall = wallOf(at, zone);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${wall.year}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}`;
}

/** Unix seconds of such a field; undefined where it is not filled in. */
export function timeOfField(text: string, zone: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number];
  return instantOf({ year, month, day, hour, minute, second: 0 }, zone);
}

/** The body of the request; the reason why there is none, as an id of a text. */
export function bodyOf(draft: Draft, device: Device, zone: string, isDry: boolean): EditRequest | Id {
  const [start, end] = [timeOfField(draft.from, zone), timeOfField(draft.to, zone)];
  if (start === undefined || end === undefined || start >= end) return "edits.no_range";
  const common = {
    point: draft.point,
    start: String(start),
    end: String(end),
    reason: isDry ? draft.reason.trim() || "?" : draft.reason.trim(),
    dry_run: isDry,
  };
  if (!isDry && !common.reason) return "edits.no_reason";
  if (draft.how === "void") return { ...common, action: "void" };
  if (draft.how === "estimate") return { ...common, action: "edit", estimate: true };
  if (device.points.find((one) => one.key === draft.point)?.kind === "switch")
    return { ...common, action: "edit", value: draft.value === "on" };
  const number = Number(draft.value.trim().replace(",", "."));
  if (!draft.value.trim() || !Number.isFinite(number)) return "edits.no_value";
  return isCounter(device, draft.point)
    ? { ...common, action: "edit", energy_Wh: number * 1000 }
    : { ...common, action: "edit", value: number };
}

export function editsPlace(device: string, query: Record<string, string | number> = {}): string {
  return address(`/api/history/${encodeURIComponent(device)}/edits`, query);
}

export async function propose(device: string, body: EditRequest): Promise<EditPreview> {
  const found = await post<EditPreview>(editsPlace(device), body);
  if (!body.dry_run) afterChange();
  return found;
}

export async function undo(device: string, number: number): Promise<void> {
  await remove<HistoryEdit>(editsPlace(device), { number });
  afterChange();
}

/** What an edit does, as text. */
export function effectText(edit: HistoryEdit, device: Device | undefined): string {
  if (edit.action === "void") return say("edits.is_void");
  const point = device?.points.find((one) => one.key === edit.point);
  const shown = (value: number | string | boolean) =>
    typeof value === "boolean"
      ? say(value ? "app.on" : "app.off")
      : valueText(value, point ?? { unit: "", exponent: -2 });
  const value =
    typeof edit.Wh === "number"
      ? amountText(edit.Wh)
      : edit.line
        ? `${shown(edit.line[0] as number)} … ${shown(edit.line[1] as number)}`
        : edit.value !== null
          ? shown(edit.value)
          : "";
  return say(edit.estimated ? "edits.is_estimated" : "edits.is_corrected", { value });
}

/** The ranges of edits that count, of some points. */
export function rangesOf(edits: readonly HistoryEdit[] | undefined, points: ReadonlySet<string>): Span[] {
  return (edits ?? [])
    .filter((one) => !one.undone_at && points.has(one.point))
    .map((one) => ({ start: Date.parse(one.start) / 1000, end: Date.parse(one.end) / 1000 }));
}

function afterChange(): void {
  forgetAnswers();
  reloadToday();
}
