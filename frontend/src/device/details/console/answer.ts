/**
 * A typed answer of a console as facts and tables. Pure.
 *
 *     {"total": 184320, "free": 83536}                ──►  facts: Total 184,320; Free 83,536
 *     {"tasks": [{"name": "IDLE", "priority": 0}]}    ──►  a table: Name, Priority
 */
import { countText, NOTHING } from "../../../text/format";
import { sayIfKnown } from "../../../text/words";
import { capitalised } from "../../../text/printable";

export type FactRow = { name: string; value: string };
export type Block =
  | { kind: "facts"; title: string; rows: readonly FactRow[] }
  | { kind: "table"; title: string; columns: readonly Column[]; rows: readonly (readonly string[])[] };
export type Column = { name: string; isNumber: boolean };

const RAW = new Set(["lines", "unread"]); // shown as text
const UNITS = new Set(["s", "ms", "Wh", "W", "dBm", "kHz", "percent"]);
const MOST_ROWS = 400;

/** The blocks of an answer: what it says of itself first, then its lists. Lists without entries are left out. */
export function blocksOf(answer: Readonly<Record<string, unknown>>): Block[] {
  const entries = Object.entries(answer).filter(([key, value]) => !RAW.has(key) && !isEmpty(value));
  const plain = entries
    .filter(([, value]) => !isStructured(value))
    .map(([key, value]) => ({ name: nameOf(key), value: valueText(value) }));
  const facts: Block[] = plain.length ? [{ kind: "facts", title: "", rows: plain }] : [];
  return [...facts, ...entries.filter(([, value]) => isStructured(value)).map(([key, value]) => blockOf(key, value))];
}

/** The lines as they were received; else those that were not understood. */
export function rawLines(answer: Readonly<Record<string, unknown>>): string[] {
  const lines = Array.isArray(answer.lines) ? answer.lines : answer.unread;
  return Array.isArray(lines) ? lines.map(String) : [];
}

/** `Signal (dBm)` of `rssi_dBm`. */
export function nameOf(key: string): string {
  const parts = key.split("_");
  const unit = parts.length > 1 && UNITS.has(parts[parts.length - 1] ?? "") ? (parts.pop() ?? "") : "";
  const plain = parts.join(" ");
  const name = sayIfKnown(`console.field_${parts.join("_")}`, capitalised(plain));
  return unit ? `${name} (${unit})` : name;
}

// --- inside ---

function blockOf(key: string, value: unknown): Block {
  if (!Array.isArray(value))
    return { kind: "facts", title: nameOf(key), rows: leavesOf(value as Record<string, unknown>, "") };
  const items = value
    .slice(0, MOST_ROWS)
    .map((item): Record<string, unknown> => (isRecord(item) ? item : { value: item }));
  const keys = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const columns = keys.map((name) => ({
    name: nameOf(name),
    isNumber: items.every((item) => item[name] === null || typeof item[name] === "number"),
  }));
  return {
    kind: "table",
    title: nameOf(key),
    columns,
    rows: items.map((item) => keys.map((name) => valueText(item[name]))),
  };
}

/** The values of a nested answer, each with its path: `sub list · name`. */
function leavesOf(value: Readonly<Record<string, unknown>>, before: string): FactRow[] {
  return Object.entries(value).flatMap(([key, one]) => {
    const name = before ? `${before} · ${nameOf(key)}` : nameOf(key);
    if (isRecord(one)) return leavesOf(one, name);
    return [{ name, value: Array.isArray(one) ? one.map(valueText).join(", ") : valueText(one) }];
  });
}

function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "number") return countText(value, 6);
  if (typeof value === "boolean") return sayIfKnown(value ? "console.yes" : "console.no", String(value));
  if (Array.isArray(value)) return value.map(valueText).join(", ") || NOTHING;
  if (isRecord(value))
    return leavesOf(value, "")
      .map((leaf) => `${leaf.name}: ${leaf.value}`)
      .join(", ");
  return String(value);
}

function isStructured(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isStructured(value) && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === "" ||
    (Array.isArray(value) && !value.length) ||
    (isRecord(value) && !Object.keys(value).length)
  );
}
