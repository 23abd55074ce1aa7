/** The line of a day, with the value at the cursor, and the same as a table. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { Chart } from "../../charts/chart";
import { markOf } from "../../charts/palette";
import { address } from "../../data/http";
import { now, timezone } from "../../data/live";
import { pointOf, POWER } from "../../devices/points";
import type { Device, History, Point } from "../../data/shapes";
import { columnsOf, heldRows, rowAt, summaryOf } from "../../charts/columns";
import type { Span } from "../../time/calendar";
import { historyTable, momentText } from "../../history/table";
import { Under } from "../../history/under";
import { go } from "../../routing/router";
import { quantityText } from "../../text/format";
import { say } from "../../text/words";
import { historyOf } from "../places";
import { meaningOf, titleOf } from "../../devices/names";

export type DayLinesProps = { device: Device; point: Point; answer: History; span: Span; height: number };

const FLOATING = new Set(["V", "Hz", "°C", "°F", "dBm", "hPa"]); // units without a meaningful zero

export function DayLines({ device, point, answer, span, height }: DayLinesProps) {
  const zone = timezone.value;
  const cursor = useSignal<number | null>(null);
  const series = answer.series[0];
  const until = useMemo(() => Math.min(answer.end, now.peek()), [answer]);
  const rows = useMemo(() => (series ? heldRows(series, answer.step, until) : []), [series, answer, until]);
  const colour = pointOf(device, POWER) ? markOf(device.id) : "var(--rest)";
  const { at, lines } = useMemo(() => {
    const { at, columns } = columnsOf(series ? [series] : [], answer.step, answer, until);
    const column = columns[0] ?? { y: [], low: [], high: [] };
    return { at, lines: [{ key: point.key, label: "", colour, isHidden: false, isDashed: false, column, marks: [] }] };
  }, [series, answer, until, colour, point.key]);
  const title = titleOf(point);
  const isSwitch = point.kind === "switch";
  const text = (value: number) =>
    isSwitch ? meaningOf(value > 0, point) : quantityText(value, point.unit, point.exponent);
  const summary = summaryOf(rows, span);
  const row = cursor.value === null ? undefined : rowAt(rows, cursor.value);
  const zoom = ({ start, end }: Span) =>
    go(`${historyOf(device.id, point.key)}&from=${Math.round(start)}&to=${Math.round(end)}`);
  const spoken = !summary
    ? say("history.no_data")
    : isSwitch
      ? ""
      : say("device.day_text", { low: text(summary.low), high: text(summary.high), mean: text(summary.mean) });
  const asked = { series: `${device.id}.${point.key}`, start: span.start, end: span.end, points: 1440 };
  return (
    <>
      <Chart
        at={at}
        lines={lines}
        span={span}
        zone={zone}
        unit={point.unit}
        height={height}
        fromZero={!FLOATING.has(point.unit)}
        states={isSwitch ? [meaningOf(false, point), meaningOf(true, point)] : []}
        label={say("device.day_label", { point: title, text: spoken })}
        isDim={false}
        sync="day"
        onZoom={zoom}
        onMove={() => undefined}
        onReset={() => undefined}
        onCursor={(time) => (cursor.value = time)}
      />
      <p class="readout soft" aria-hidden="true">
        {cursor.value === null || !row || row.y === null ? spoken : `${momentText(cursor.value, zone)}: ${text(row.y)}`}
      </p>
      <Under
        table={() => historyTable(series ? [{ series, name: title }] : [], { ...span, end: until }, zone, answer.step)}
        caption={say("device.day_caption", { point: title })}
        csv={{ href: address("/api/history.csv", asked), name: `unclouded-${device.id}.csv` }}
      />
    </>
  );
}
