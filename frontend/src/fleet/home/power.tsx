/** The power of a home in the last 24 hours, as far as the fleet has it, or as its home answers. */
import { useMemo } from "preact/hooks";

import { Chart, type Line } from "../../charts/chart";
import { now } from "../../data/live";
import { DAY_COLUMNS, DAY_STEP_S } from "../../data/day";
import { usePolled } from "../../data/polled";
import { spanText } from "../../time/calendar";
import { Notice } from "../../parts/notice";
import { NOTHING, quantityText, timeText } from "../../text/format";
import { say } from "../../text/words";
import type { FleetHome, HomeHistory } from "../shapes";
import { devicesOf, drawn, powerSeries, summed } from "./catalogue";
import { endOf, sourceText } from "./source";

const POLL_MS = 60_000;

type Props = { home: FleetHome; height: number };

/** It keeps its place while it is loading. */
export function HomePower({ home, height }: Props) {
  const zone = home.timezone;
  const { series, isGrid } = useMemo(() => powerSeries(devicesOf(home)), [home]);
  const quarter = Math.floor(now.value / DAY_STEP_S) * DAY_STEP_S;
  const start = quarter - (DAY_COLUMNS - 1) * DAY_STEP_S;
  const path = series.length ? `/api/fleet/homes/${home.row.id}/history` : undefined;
  const { value, error, again } = usePolled<HomeHistory>(path, POLL_MS, {
    series,
    start,
    end: start + DAY_COLUMNS * DAY_STEP_S,
    points: DAY_COLUMNS,
  });
  const last = value ? endOf(value, now.value) : undefined;
  const { at, values } = useMemo(
    () => drawn(summed(value?.series ?? [], start, (last ?? 0) - 1), start),
    [value, start, last],
  );
  const title = say(isGrid ? "fleet.power_grid" : "fleet.power_used");
  if (!series.length) return <p class="soft">{say("fleet.no_power")}</p>;
  const line: Line = {
    key: "power",
    label: "",
    colour: "var(--from-grid)",
    isHidden: false,
    isDashed: false,
    column: { y: values, low: values, high: values },
    marks: [],
  };
  const span = { start, end: Math.max(now.value, start + 86_400) };
  const isEmpty = value !== undefined && values.every((one) => one === null);
  return (
    <figure class="home-power">
      <figcaption class="small">
        {title} <span class="soft">{contactText(home, last, zone)}</span>
      </figcaption>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <div class="canvas-box" style={{ height: `${height}px` }}>
        {isEmpty ? (
          <p class="soft">{say("fleet.no_values")}</p>
        ) : (
          value && (
            <Chart
              at={at}
              lines={[line]}
              span={span}
              zone={zone}
              unit="W"
              height={height}
              fromZero
              states={[]}
              isDim={false}
              sync={`home-${home.row.id}`}
              label={say("fleet.power_label", { what: title, span: spanText(span, zone), values: rangeText(values) })}
              onZoom={() => undefined}
              onMove={() => undefined}
              onReset={() => undefined}
              onCursor={() => undefined}
            />
          )
        )}
      </div>
      <p class="small soft source">{value ? sourceText(value, last, now.value, zone) : ""}</p>
    </figure>
  );
}

function contactText({ row }: FleetHome, last: number | undefined, zone: string): string {
  if (row.state !== "offline" || last === undefined) return "";
  return say("fleet.contact_until", { time: timeText(row.seen ? Date.parse(row.seen) / 1000 : last, now.value, zone) });
}

/** `86 W to 2.31 kW`. */
function rangeText(values: readonly (number | null)[]): string {
  const known = values.filter((one) => one !== null);
  return known.length
    ? say("fleet.range", {
        low: quantityText(Math.min(...known), "W", 0),
        high: quantityText(Math.max(...known), "W", 0),
      })
    : NOTHING;
}
