/** All points of a device with value, age, recent history, limits and control. */
import { useComputed } from "@preact/signals";

import { NOTHING } from "../../../text/format";
import { reading } from "../../../data/live";
import { PointAge } from "../../../parts/age";
import { ReadingValue } from "../../../parts/quantity";
import { Spark } from "../../../charts/spark";
import { markOf } from "../../../charts/palette";
import { titleOf } from "../../../devices/names";
import type { Device, Point } from "../../../data/shapes";
import { say } from "../../../text/words";
import { Control } from "../../points/controls";
import { historyOf } from "../../places";
import { limitText } from "../../points/steps";
import { shaped, useTraces, type Traces } from "./trace";

export function Points({ device }: { device: Device }) {
  const traces = useTraces(device);
  const notReported = useComputed(() =>
    device.points
      .filter((point) => isNotReported(device, point))
      .map((point) => point.key)
      .join(" "),
  );
  if (!device.points.length) return <p class="soft">{say("device.no_points")}</p>;
  const missing = new Set(notReported.value.split(" "));
  const rows = (points: readonly Point[]) => (
    <ul class="points">
      {points.map((point) => (
        <Row key={point.key} device={device} point={point} traces={traces} />
      ))}
    </ul>
  );
  const unreported = device.points.filter((point) => missing.has(point.key));
  return (
    <>
      {rows(device.points.filter((point) => !missing.has(point.key)))}
      {unreported.length > 0 && (
        <details class="not-reported">
          <summary>{say("device.not_reported", { count: unreported.length })}</summary>
          {rows(unreported)}
        </details>
      )}
    </>
  );
}

/** Whether a read-only point has not been reported yet; many devices never report all of theirs. */
function isNotReported(device: Device, point: Point): boolean {
  return point.access === "r" && reading(device.id, point.key).value === undefined;
}

function Row({ device, point, traces }: { device: Device; point: Point; traces: Traces }) {
  const readable = point.access !== "w";
  const line = readable && point.kind === "number";
  return (
    <li class="point" data-point={point.key}>
      <div class="what">
        <h3>{titleOf(point)}</h3>
        <p class="soft small">
          <code>{point.key}</code>
          {limitText(point) && <span> · {limitText(point)}</span>}
        </p>
      </div>
      <div class="trend live">
        {line && <Spark values={shaped(traces(point.key), point.unit)} mark={markOf(device.id)} />}
      </div>
      <div class="value live">
        {readable ? <ReadingValue device={device} point={point} /> : <span class="soft">{NOTHING}</span>}
        {readable && <PointAge device={device} point={point.key} />}
      </div>
      <div class="control">{point.access !== "r" && <Control device={device} point={point} />}</div>
      <div class="more">{line && <HistoryLink device={device} point={point} />}</div>
    </li>
  );
}

function HistoryLink({ device, point }: { device: Device; point: Point }) {
  const label = say("device.history_of", { point: titleOf(point) });
  return (
    <a href={historyOf(device.id, point.key)} aria-label={label} title={label}>
      {say("app.history")}
    </a>
  );
}
