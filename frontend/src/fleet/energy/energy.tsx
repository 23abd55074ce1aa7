/** Energy of many homes: the days of a month or the months of a year, of all organisations or of one, as bars and by home. */
import { computed, useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { address, get, HubError } from "../../data/http";
import { now } from "../../data/live";
import { useAnswer } from "../../history/answers";
import { Amount, unitOfColumn } from "../../history/amounts";
import { BarChart } from "../../history/bar_chart";
import { dayFrom, dayOf, dayText, periodTitle, shifted, type Day } from "../../time/calendar";
import type { Part } from "../../history/energy";
import { periodText } from "../../history/table";
import { Under } from "../../history/under";
import { Notice } from "../../parts/notice";
import { go, query } from "../../routing/router";
import { amountText, countText, NOTHING } from "../../text/format";
import { say } from "../../text/words";
import { HERE } from "../here";
import { countText as count } from "../homes/words";
import { organisations } from "../live";
import { placeOfHome } from "../paths";
import type { FleetEnergy } from "../shapes";
import { barsOf, datesOf, energyOf, RANGE_OF, sumsCsv, sumsOf, viewOf, type FleetView } from "./periods";
import "../../pages/history.css";
import "./energy.css";

const POLL_MS = 300_000;
const PAGE = 100; // homes of a request
const COLOURS: Partial<Record<Part, string>> = {
  import: "var(--from-grid)",
  produced: "var(--solar)",
  export: "var(--export)",
};
const today = computed(() => dayText(dayOf(now.value, HERE)));

export function EnergyPage() {
  const day = dayFrom(today.value) ?? dayOf(now.peek(), HERE);
  const view = viewOf(query.value, day);
  const show = (part: Partial<FleetView>) => go(placeOf({ ...view, ...part }, day), true);
  const { first, last } = datesOf(view);
  const asked = { by: view.by, start: dayText(first), end: dayText(last), org: view.org ?? undefined, limit: PAGE };
  const place = address("/api/fleet/energy", asked);
  const { answer, of, isLoading, error, again } = useAnswer<FleetEnergy>(
    place,
    dayText(last) >= today.value ? POLL_MS : 0,
  );
  const isStale = of !== place;
  const title = periodTitle(RANGE_OF[view.by], view.on);
  return (
    <main class="history fleet-energy">
      <h1>{say("fleet.energy")}</h1>
      <Choices view={view} today={day} show={show} />
      <p class="hidden-text" role="status">
        {isLoading && isStale ? say("history.loading") : ""}
      </p>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <Chart answer={answer} isStale={isStale} title={title} />
      {answer ? (
        <Homes key={place} answer={answer} place={place} title={title} asked={asked} />
      ) : (
        <div class="skeleton tall" aria-busy="true" />
      )}
    </main>
  );
}

function placeOf({ by, on, org }: FleetView, today: Day): string {
  const parameters = new URLSearchParams();
  if (by !== "day") parameters.set("by", by);
  if (dayText(on) !== dayText(today)) parameters.set("on", dayText(on));
  if (org !== null) parameters.set("org", String(org));
  return parameters.size ? `/energy?${parameters}` : "/energy";
}

function Choices({ view, today, show }: { view: FleetView; today: Day; show: (part: Partial<FleetView>) => void }) {
  const range = RANGE_OF[view.by];
  const isLast = dayText(shifted(range, view.on, 1)) > dayText(today);
  return (
    <div class="toolbar">
      <div class="period" role="group" aria-label={say("history.period")}>
        <button
          type="button"
          class="arrow bare"
          aria-label={say("history.earlier")}
          onClick={() => show({ on: shifted(range, view.on, -1) })}
        >
          ‹
        </button>
        <strong class="when" aria-live="polite">
          {periodTitle(range, view.on)}
        </strong>
        <button
          type="button"
          class="arrow bare"
          aria-label={say("history.later")}
          aria-disabled={isLast}
          onClick={() => isLast || show({ on: shifted(range, view.on, 1) })}
        >
          ›
        </button>
      </div>
      <div class="seg" role="group" aria-label={say("history.range")}>
        {(["day", "month"] as const).map((by) => (
          <button key={by} type="button" class="bare" aria-pressed={view.by === by} onClick={() => show({ by })}>
            {say(by === "day" ? "history.month" : "history.year")}
          </button>
        ))}
      </div>
      {organisations.value.length > 1 && (
        <select
          aria-label={say("fleet.organisation")}
          value={view.org === null ? "" : String(view.org)}
          onChange={(event) =>
            show({ org: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })
          }
        >
          <option value="">{say("fleet.all_organisations")}</option>
          {organisations.value.map((one) => (
            <option key={one.id} value={String(one.id)}>
              {one.name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Chart({ answer, isStale, title }: { answer: FleetEnergy | undefined; isStale: boolean; title: string }) {
  const over = useSignal<number | null>(null);
  const height = innerWidth < 900 ? 232 : 320;
  const sums = answer && sumsOf(answer.total);
  const named = say("fleet.energy_label", {
    period: title,
    import: amountOf(sums?.import ?? null),
    export: amountOf(sums?.export ?? null),
  });
  return (
    <section class="panel" aria-label={title}>
      <dl class="sums" data-dim={isStale || undefined}>
        {(["import", "solar", "export"] as const).map((one) => (
          <div key={one}>
            <dt>
              <i class="swatch" data-mark style={{ background: COLOURS[one === "solar" ? "produced" : one] }} />
              {say(`fleet.sum_${one}`)}
            </dt>
            <dd>{sums && sums[one] !== null ? <Amount Wh={sums[one]} /> : NOTHING}</dd>
          </div>
        ))}
        <div>
          <dt>{say("fleet.homes")}</dt>
          <dd>{answer ? countText(Math.max(0, ...answer.total.map((one) => one.homes))) : NOTHING}</dd>
        </div>
      </dl>
      <div class="canvas-box" style={{ height: `${height}px` }} data-dim={isStale || undefined}>
        {answer && answer.periods.length > 0 && (
          <BarChart
            energy={energyOf(answer, HERE)}
            bars={barsOf(answer)}
            zone={HERE}
            height={height}
            label={named}
            before={[]}
            paint={(part) => COLOURS[part] ?? "var(--rest)"}
            over={over}
            open={undefined}
            tip={(index) => <Tip answer={answer} index={index} />}
          />
        )}
      </div>
    </section>
  );
}

function amountOf(Wh: number | null): string {
  return Wh === null ? NOTHING : amountText(Wh);
}

function Tip({ answer, index }: { answer: FleetEnergy; index: number }) {
  const one = answer.total[index];
  const start = energyOf(answer, HERE).at[index];
  if (!one || start === undefined) return null;
  return (
    <>
      <b>{periodText(start, answer.by, HERE)}</b>
      <dl>
        {(["import", "solar", "export"] as const).map((part) => (
          <div key={part}>
            <dt>{say(`fleet.sum_${part}`)}</dt>
            <dd>{amountOf(one[`${part}_Wh`])}</dd>
          </div>
        ))}
      </dl>
      <p>{count("fleet.count_home", one.homes)}</p>
    </>
  );
}

type HomesProps = {
  answer: FleetEnergy;
  place: string;
  title: string;
  asked: Record<string, string | number | undefined>;
};

/** The sum of each home, and of each period as a table. */
function Homes({ answer, place, title, asked }: HomesProps) {
  const [more, setMore] = useState<FleetEnergy[]>([]);
  const [failure, setFailure] = useState("");
  useEffect(() => setMore([]), [answer]);
  const rows = [answer, ...more].flatMap((one) => one.homes);
  const next = (more.at(-1) ?? answer).next;
  const load = async () => {
    try {
      const page = await get<FleetEnergy>(`${place}&after=${encodeURIComponent(next ?? "")}`);
      setMore((all) => [...all, page]);
      setFailure("");
    } catch (error) {
      setFailure(error instanceof HubError ? error.message : String(error));
    }
  };
  const file = (format: string) =>
    address("/api/fleet/export", { ...asked, limit: undefined, content: "energy", format });
  return (
    <section aria-labelledby="energy-homes">
      <Under
        table={() => ({
          head: [
            say("history.time"),
            say("fleet.sum_import"),
            say("fleet.sum_solar"),
            say("fleet.sum_export"),
            say("fleet.homes"),
          ],
          rows: answer.total.map((one, index) => [
            answer.periods[index] ?? "",
            ...(["import_Wh", "solar_Wh", "export_Wh"] as const).map((key) => amountOf(one[key])),
            countText(one.homes),
          ]),
          step: "",
        })}
        caption={`${say("fleet.energy")}, ${title}.`}
        csv={{ text: () => sumsCsv(answer), name: `fleet-energy-${title}.csv` }}
      />
      <div class="beside-title">
        <h2 id="energy-homes">{say("fleet.by_home")}</h2>
        <span class="row-of">
          <a class="button" href={file("csv")} download="fleet-energy.csv">
            {say("fleet.csv")}
          </a>
          <a class="button" href={file("parquet")} download="fleet-energy.parquet">
            {say("fleet.parquet")}
          </a>
        </span>
      </div>
      {rows.length === 0 && <p class="soft">{say("fleet.no_energy")}</p>}
      {rows.length > 0 && (
        <div class="scrolls">
          <table class="data by-home">
            <thead>
              <tr>
                <th scope="col">{say("fleet.home")}</th>
                <th scope="col" class="number">
                  {say("fleet.sum_import")}
                </th>
                <th scope="col" class="number">
                  {say("fleet.sum_solar")}
                </th>
                <th scope="col" class="number">
                  {say("fleet.sum_export")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.home} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {failure && <Notice kind="fault">{failure}</Notice>}
      {next && (
        <p class="more-line">
          <button type="button" onClick={() => void load()}>
            {say("fleet.more_homes")}
          </button>
        </p>
      )}
    </section>
  );
}

function Row({ row }: { row: FleetEnergy["homes"][number] }) {
  const sums = sumsOf(
    row.import_Wh.map((_, index) => ({
      import_Wh: row.import_Wh[index] ?? null,
      export_Wh: row.export_Wh[index] ?? null,
      solar_Wh: row.solar_Wh[index] ?? null,
    })),
  );
  const zeroUnit = unitOfColumn([sums.import ?? 0, sums.solar ?? 0, sums.export ?? 0]);
  return (
    <tr>
      <th scope="row">
        <a class="plain" href={placeOfHome(row.home, "history")}>
          <bdi>{row.name || row.home}</bdi>
        </a>
      </th>
      {(["import", "solar", "export"] as const).map((one) => (
        <td key={one} class="number">
          {sums[one] === null ? NOTHING : <Amount Wh={sums[one]} zeroUnit={zeroUnit} />}
        </td>
      ))}
    </tr>
  );
}
