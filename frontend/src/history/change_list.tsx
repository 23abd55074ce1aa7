/** What used more or less than in the other period, the greatest change first. */
import { Amount, unitOfColumn } from "./amounts";
import type { ChangedShare } from "./ranking";
import { say } from "../text/words";

type Props = Readonly<{
  /** undefined: there is nothing to compare with, or it is not known. */
  changes: readonly ChangedShare[] | undefined;
  before: string;
  nameOf: (row: ChangedShare) => string;
  colourOf: (row: ChangedShare) => string;
}>;

export function ChangeList({ changes, before, nameOf, colourOf }: Props) {
  if (!changes) return <p class="soft">{say("history.no_changes_known")}</p>;
  if (!changes.length) return <p class="soft">{say("history.no_changes", { period: before })}</p>;
  const zeroUnit = unitOfColumn(changes.map((row) => row.before));
  return (
    <ul class="rank changes">
      <li class="rank-head" aria-hidden="true">
        <span>{say("history.device")}</span>
        <span class="track" />
        <span class="number">{say("history.difference")}</span>
        <span class="number share" title={before}>
          {say("history.then")}
        </span>
        <span class="number change">{say("history.change")}</span>
      </li>
      {changes.map((row) => (
        <li key={`${row.part} ${row.device}`}>
          <div>
            <span class="name">
              <span class="swatch" data-mark style={{ background: colourOf(row) }} />
              <span>{nameOf(row)}</span>
            </span>
            <span class="track" aria-hidden="true">
              <i data-mark style={{ width: `${row.length * 100}%`, background: colourOf(row) }} />
            </span>
            <span class="number">
              {row.by > 0 ? "+" : "−"}
              <Amount Wh={Math.abs(row.by)} isEstimated={row.estimated} />
            </span>
            <span class="number share soft">
              <Amount Wh={row.before} zeroUnit={zeroUnit} />
            </span>
            <span class="number change soft">{row.change}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
