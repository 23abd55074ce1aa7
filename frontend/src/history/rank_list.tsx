/** The ranking below the chart: the whole row is one button, which shows only that device, or all again. */
import { say } from "../text/words";
import { Amount, unitOfColumn } from "./amounts";
import { percentText } from "./balance";
import type { Ranked } from "./ranking";

type Props = Readonly<{
  title: string;
  rows: readonly Ranked[];
  isKnown: boolean;
  before: string;
  nameOf: (row: Ranked) => string;
  colourOf: (row: Ranked) => string;
  isChosen: (row: Ranked) => boolean;
  choose: ((row: Ranked) => void) | undefined;
}>;

export function RankList({ title, rows, isKnown, before, nameOf, colourOf, isChosen, choose }: Props) {
  const zeroUnit = unitOfColumn(rows.map((row) => row.Wh));
  return (
    <ul class="rank">
      <li class="rank-head" aria-hidden="true">
        <span>{title}</span>
        <span class="track" />
        <span class="number">{say("history.energy")}</span>
        <span class="number share">{say("history.share")}</span>
        <span class="number change" title={before}>
          {before && say("history.change")}
        </span>
      </li>
      {rows.map((row, index) => {
        const [name, share] = [nameOf(row), row.share ? percentText(row.share) : ""];
        const inside = (
          <>
            <span class="name">
              <span class="swatch" data-mark style={{ background: colourOf(row) }} />
              <span>{name}</span>
            </span>
            <span class="track" aria-hidden="true">
              {row.Wh > 0 && <i data-mark style={{ width: `${row.length * 100}%`, background: colourOf(row) }} />}
            </span>
            <span class="number">
              {isKnown ? <Amount Wh={row.Wh} isEstimated={row.estimated} zeroUnit={zeroUnit} /> : "–"}
            </span>
            <span class="number share soft">{share}</span>
            <span class="number change soft">{row.change}</span>
          </>
        );
        return (
          <li key={index}>
            {choose ? (
              <button type="button" class="bare" aria-pressed={isChosen(row)} onClick={() => choose(row)}>
                {inside}
              </button>
            ) : (
              <div>{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
