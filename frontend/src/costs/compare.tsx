/** What the measured energy of the last year would have cost in another tariff. */
import { useState } from "preact/hooks";

import { address } from "../data/http";
import { timezone } from "../data/live";
import { useAnswer } from "../history/answers";
import { percentText } from "../history/balance";
import { dayFrom, dayOf, dayText, daysText, instantOf, plusDays, type Day } from "../time/calendar";
import { csvText, periodText } from "../history/table";
import { Under } from "../history/under";
import { Notice } from "../parts/notice";
import { amountText } from "../text/format";
import { say } from "../text/words";
import { moneyText, numberOf, priceText } from "./money";
import type { Tariff, TariffComparison } from "./shapes";

type Compared = TariffComparison["tariffs"][number];

const YEAR_DAYS = 365;

export function CompareTariffs({ tariffs, today }: { tariffs: readonly Tariff[]; today: Day }) {
  const active = tariffs.find((one) => one.active) ?? tariffs[0];
  const [one, setOne] = useState(active?.name ?? "");
  const [other, setOther] = useState(tariffs.find((each) => each !== active)?.name ?? "");
  const [since, setSince] = useState(dayText(plusDays(today, -YEAR_DAYS)));
  const [until, setUntil] = useState(dayText(plusDays(today, -1)));
  const zone = timezone.value;
  const [first, last] = [dayFrom(since), dayFrom(until)];
  const isSpan = first !== undefined && last !== undefined && since <= until;
  const place =
    isSpan && one && other
      ? address("/api/tariffs/compare", {
          start: instantOf(first, zone),
          end: instantOf(plusDays(last, 1), zone),
          tariff: [one, other],
        })
      : "";
  const { answer, of, error, again } = useAnswer<TariffComparison>(place, 0);
  if (tariffs.length < 2) return <p class="soft">{say("tariff.compare_one")}</p>;
  const select = (value: string, label: string, choose: (name: string) => void) => (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {tariffs.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  const date = (value: string, label: string, choose: (day: string) => void) => (
    <label class="field">
      <span>{label}</span>
      <input type="date" max={dayText(today)} value={value} onChange={(event) => choose(event.currentTarget.value)} />
    </label>
  );
  return (
    <>
      <div class="row-of choose">
        {select(one, say("tariff.one"), setOne)}
        {select(other, say("tariff.other"), setOther)}
        {date(since, say("tariff.since"), setSince)}
        {date(until, say("tariff.until"), setUntil)}
      </div>
      {!isSpan && <p class="soft">{say("tariff.no_span")}</p>}
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {answer && <Result comparison={answer} isStale={of !== place} zone={zone} />}
    </>
  );
}

function Result({ comparison, isStale, zone }: { comparison: TariffComparison; isStale: boolean; zone: string }) {
  const { tariffs } = comparison;
  const [mine, other] = tariffs;
  const missing = comparison.missing_share ?? 0;
  const days = daysText(dayOf(comparison.start, zone), dayOf(comparison.end - 1, zone));
  return (
    <div class="result" data-dim={isStale || undefined}>
      {mine && other && <p class="lead">{verdictOf(mine, other)}</p>}
      <div class="scrolls">
        <table class="data">
          <caption class="small soft">
            {say("tariff.compared", {
              days,
              bought: amountText(comparison.import_kWh * 1000),
              fed: amountText(comparison.export_kWh * 1000),
            })}{" "}
            {missing > 0.0005 && say("bill.missing", { part: percentText(missing) })}
          </caption>
          <thead>
            <tr>
              <th scope="col">{say("tariff.title")}</th>
              {ROWS.map(([key, text]) => (
                <th key={key} scope="col" class="number">
                  {text()}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {tariffs.map((one) => (
              <tr key={one.tariff}>
                <th scope="row">
                  {one.tariff}
                  {one.problem && <span class="small soft">{one.problem}</span>}
                </th>
                {ROWS.map(([key]) => (
                  <td key={key} class="number">
                    {key === "average"
                      ? priceText(one.average, one.currency, one.digits)
                      : moneyText(one[key], one.currency, one.digits)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Under
        table={() => monthTable(comparison, zone)}
        caption={say("tariff.by_month", { days })}
        csv={{
          text: () => csvText(csvRows(comparison, zone)),
          name: `unclouded-tariffs-${dayText(dayOf(comparison.start, zone))}.csv`,
        }}
      />
    </div>
  );
}

const ROWS: readonly (readonly ["energy" | "fixed" | "feed_in" | "tax" | "average" | "total", () => string])[] = [
  ["energy", () => say("history.energy")],
  ["fixed", () => say("history.fixed")],
  ["feed_in", () => say("history.earned")],
  ["tax", () => say("bill.kind_tax")],
  ["average", () => say("tariff.average")],
  ["total", () => say("bill.total")],
];

/** `PVPC would have cost 42.10 € less.` */
function verdictOf(mine: Compared, other: Compared): string {
  const by = (numberOf(other.total) ?? 0) - (numberOf(mine.total) ?? 0);
  if (other.problem || mine.problem || other.currency !== mine.currency) return "";
  const amount = moneyText(Math.abs(by), mine.currency, mine.digits);
  if (Math.round(by * 10 ** (mine.digits ?? 2)) === 0)
    return say("tariff.same", { one: mine.tariff, other: other.tariff });
  return say(by < 0 ? "tariff.less" : "tariff.more", { one: mine.tariff, other: other.tariff, amount });
}

function monthTable({ at, tariffs }: TariffComparison, zone: string) {
  const head = [say("history.month"), ...tariffs.map(({ tariff }) => tariff)];
  const rows = at
    .slice(0, -1)
    .map((month, index) => [
      periodText(month, "month", zone),
      ...tariffs.map((one) => moneyText(one.months[index], one.currency, one.digits)),
    ]);
  return { head, rows, step: "" };
}

function csvRows({ at, tariffs }: TariffComparison, zone: string): (string | number)[][] {
  const rows = at
    .slice(0, -1)
    .map((month, index) => [dayText(dayOf(month, zone)).slice(0, 7), ...tariffs.map((one) => one.months[index] ?? "")]);
  return [["month", ...tariffs.map((one) => `${one.tariff} ${one.currency}`)], ...rows];
}
