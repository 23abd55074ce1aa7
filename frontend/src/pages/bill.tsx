/** The bill of a billing period: its lines, taxes and total, what is estimated or missing; for the printer, too. */
import { useEffect } from "preact/hooks";

import {
  amountOf,
  billCsvRows,
  billDays,
  billNotes,
  lineName,
  lineNotes,
  neighbours,
  periodText,
  quantityOf,
  rateOf,
} from "../costs/bill";
import { moneyText } from "../costs/money";
import type { Bill, BillLine, Tariff } from "../costs/shapes";
import { CostTabs, NoTariff } from "../costs/tabs";
import { activeOf, useTariffs } from "../costs/tariffs";
import { address } from "../data/http";
import { now, timezone, version } from "../data/live";
import { useAnswer } from "../history/answers";
import { dayOf } from "../time/calendar";
import { csvText } from "../history/table";
import { save } from "../history/under";
import { Notice } from "../parts/notice";
import { go, query } from "../routing/router";
import { amountText } from "../text/format";
import { say } from "../text/words";
import "./bill.css";

const POLL_MS = 300_000;

export function BillPage() {
  const found = useTariffs();
  return (
    <main class="bill">
      <h1>{say("bill.title")}</h1>
      <CostTabs at="/bill" />
      {found && !activeOf(found) ? (
        <NoTariff />
      ) : version.value ? (
        <Known tariffs={found?.tariffs ?? []} />
      ) : (
        <div class="skeleton waits" aria-busy="true" />
      )}
    </main>
  );
}

function Known({ tariffs }: { tariffs: readonly Tariff[] }) {
  const wanted = query.value.get("period") ?? "";
  const tariff = query.value.get("tariff") ?? "";
  const place = address("/api/bill", { period: wanted || undefined, tariff: tariff || undefined });
  const { answer: bill, of, isLoading, error, again } = useAnswer<Bill>(place, POLL_MS);
  const isStale = of !== place;
  useEffect(() => {
    document.body.dataset.prints = "bill"; // the frame of the page is not printed
    return () => delete document.body.dataset.prints;
  }, []);
  return (
    <>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <p class="hidden-text" role="status">
        {isLoading && isStale ? say("history.loading") : ""}
      </p>
      {bill ? (
        <Sheet bill={bill} tariff={tariffs.find(({ name }) => name === bill.tariff)} isStale={isStale} />
      ) : (
        !error && <div class="skeleton waits" aria-busy="true" />
      )}
    </>
  );
}

type SheetProps = Readonly<{ bill: Bill; tariff: Tariff | undefined; isStale: boolean }>;

function Sheet({ bill, tariff, isStale }: SheetProps) {
  const today = dayOf(now.value, timezone.value);
  const notes = billNotes(bill, today);
  return (
    <div class="sheet" data-dim={isStale || undefined}>
      <Period bill={bill} />
      <div class="bill-columns">
        <div class="figures">
          <p class="soft">{bill.complete ? say("bill.total") : say("bill.total_so_far")}</p>
          <p class="figure-number">{moneyText(bill.total, bill.currency, bill.digits)}</p>
          <p class="lead">{billDays(bill)}</p>
          <p class="lead">
            {say("bill.bought", { energy: amountText(bill.import_kWh * 1000) })}{" "}
            {bill.export_kWh > 0 && say("bill.fed_in", { energy: amountText(bill.export_kWh * 1000) })}
          </p>
          {notes.map((note) => (
            <p key={note} class="soft">
              {note}
            </p>
          ))}
        </div>
        <div class="lines">
          <Lines bill={bill} tariff={tariff} />
          <p class="small soft">{say("bill.computed", { tariff: bill.tariff })}</p>
          <div class="row-of under not-printed">
            <button type="button" onClick={() => print()}>
              {say("bill.print")}
            </button>
            <button
              type="button"
              onClick={() => save(csvText(billCsvRows(bill)), `unclouded-bill-${bill.since}-${bill.until}.csv`)}
            >
              {say("history.csv")}
            </button>
          </div>
        </div>
      </div>
    </div>
  );
}

/** The period before, this one, the next one; the name is a list of all. */
function Period({ bill }: { bill: Bill }) {
  const periods = bill.periods ?? [];
  const names = periods.includes(bill.period) ? periods : [bill.period, ...periods];
  const { before, after } = neighbours(periods, bill.period);
  const to = (period: string | undefined) =>
    period && go(`/bill?${new URLSearchParams({ ...Object.fromEntries(query.value), period })}`);
  return (
    <div class="period not-printed" role="group" aria-label={say("bill.period")}>
      <button
        type="button"
        class="arrow bare"
        aria-label={say("history.earlier")}
        aria-disabled={!before}
        onClick={() => to(before)}
      >
        ‹
      </button>
      <select aria-label={say("bill.period")} value={bill.period} onChange={(event) => to(event.currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {periodText(name)}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="arrow bare"
        aria-label={say("history.later")}
        aria-disabled={!after}
        onClick={() => to(after)}
      >
        ›
      </button>
    </div>
  );
}

function Lines({ bill, tariff }: Omit<SheetProps, "isStale">) {
  return (
    <div class="scrolls">
      <table class="data">
        <caption class="hidden-text">{say("bill.lines_of", { days: billDays(bill) })}</caption>
        <thead>
          <tr>
            <th scope="col">{say("bill.line")}</th>
            <th scope="col" class="number">
              {say("bill.quantity")}
            </th>
            <th scope="col" class="number rate">
              {say("bill.rate")}
            </th>
            <th scope="col" class="number">
              {say("bill.amount")}
            </th>
          </tr>
        </thead>
        <tbody>
          {bill.lines.map((line, index) => (
            <Line key={index} line={line} bill={bill} tariff={tariff} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={2}>
              {bill.complete ? say("bill.total") : say("bill.total_so_far")}
            </th>
            <td class="rate" />
            <td class="number">{moneyText(bill.total, bill.currency, bill.digits)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Line({ line, bill, tariff }: { line: BillLine } & Omit<SheetProps, "isStale">) {
  const notes = lineNotes(line, bill);
  return (
    <tr class={line.included ? "soft" : undefined}>
      <th scope="row">
        {lineName(line)}
        {notes && <span class="small soft">{notes}</span>}
      </th>
      <td class="number">
        {quantityOf(line, bill)}
        <span class="small soft below">{rateOf(line, bill, tariff)}</span>
      </td>
      <td class="number rate">{rateOf(line, bill, tariff)}</td>
      <td class="number">{amountOf(line, bill)}</td>
    </tr>
  );
}
