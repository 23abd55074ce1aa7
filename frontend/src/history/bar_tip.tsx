/** What a bar is made of: the greatest parts, and the same period before. */
import type { Energy } from "../data/shapes";
import { amountText } from "../text/format";
import { say } from "../text/words";
import type { Bar, Part } from "./energy";
import { periodText } from "./table";

type Props = Readonly<{
  energy: Energy;
  bars: readonly Bar[];
  index: number;
  before: number | undefined;
  /** When that period began. */
  beforeAt: number | undefined;
  /** The rows whose corrections are named. */
  edited: Energy["rows"];
  /** What the other period is called. */
  other: string;
  zone: string;
  paint: (part: Part, device: string) => string;
  partName: (part: Part, device: string) => string;
}>;

const MOST = 5;

export function BarTip({ energy, bars, index, before, beforeAt, edited, other, zone, paint, partName }: Props) {
  const mine = bars.filter((bar) => bar.period === index);
  const sizes = mine
    .map((bar) => ({ bar, Wh: Math.abs(bar.to - bar.from) }))
    .filter(({ Wh }) => Wh > 0)
    .sort((one, other) => other.Wh - one.Wh);
  const used = mine.reduce((sum, { from, to }) => sum + Math.max(to - from, 0), 0);
  const start = energy.at[index] ?? 0;
  const rows = sizes.slice(0, MOST);
  return (
    <div aria-live="polite">
      <b>
        {periodText(start, energy.by, zone)} · {amountText(used)}
      </b>
      <dl>
        {rows.map(({ bar, Wh }) => (
          <div key={`${bar.part} ${bar.device}`}>
            <dt>
              <span class="swatch" data-mark style={{ background: paint(bar.part, bar.device) }} />
              {partName(bar.part, bar.device)}
            </dt>
            <dd>
              {bar.estimated && "~"}
              {amountText(Wh)}
            </dd>
          </div>
        ))}
        {before !== undefined && beforeAt !== undefined && (
          <div>
            <dt>{energy.by === "hour" ? other : periodText(beforeAt, energy.by, zone)}</dt>
            <dd>{amountText(before)}</dd>
          </div>
        )}
      </dl>
      {editNotes(edited, index).map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}

/** That some of the energy was corrected, or marked as wrong; of one period, or of all. */
export function editNotes(rows: Energy["rows"], period?: number): string[] {
  const has = (marks: readonly boolean[]) => (period === undefined ? marks.some(Boolean) : (marks[period] ?? false));
  return [
    rows.some((row) => has(row.edited)) ? say("history.corrected_hint") : "",
    rows.some((row) => has(row.void)) ? say("history.void_hint") : "",
  ].filter(Boolean);
}
