/** One row per device: switch, last ten minutes, power, energy today; or why there is no value. */
import { quantity } from "../text/format";
import { devices } from "../data/live";
import { PointAge } from "../parts/age";
import { Quantity, ReadingValue } from "../parts/quantity";
import { Spark } from "../charts/spark";
import { StateDot, StateText } from "../parts/state";
import { Switch, CommandNote } from "../parts/switch";
import { inTree, isAnswering, mainOf, nameOf, pointName, pointOf, POWER, switchOf } from "../devices/points";
import { edge, flows, meters, historyState, SPAN, tracked, trackOf } from "../data/recent";
import type { Device, Point } from "../data/shapes";
import { energyToday } from "../data/today";
import { say } from "../text/words";
import { columns } from "./columns";
import { exponentOf, flowMark } from "./names";

const DOT = 5; // s from one point of a sparkline to the next
const REST = { kind: "rest", id: "" } as const;

export function Rows() {
  const shown = devices.value.filter((one) => !(meters.value.has(one.id) && isAnswering(one.state)));
  return (
    <section aria-label={say("app.devices")}>
      <ul class="rows">
        {inTree(shown).map(({ device, depth }) => (
          <Row key={device.id} device={device} depth={depth} />
        ))}
        <RestRow />
      </ul>
    </section>
  );
}

function Row({ device, depth }: { device: Device; depth: number }) {
  const control = switchOf(device);
  const answers = isAnswering(device.state);
  return (
    <li class={`row live${answers ? "" : " is-off"}`} data-device={device.id} data-state={device.state} style={{ "--depth": depth }}>
      <a class="name plain" href={`/devices/${encodeURIComponent(device.id)}`}>
        <Mark device={device} />
        <span>{nameOf(device)}</span>
      </a>
      <span class="control">{control && device.state !== "seen" && <Switch device={device} point={control} note={false} />}</span>
      {answers ? <Values device={device} /> : <Silence device={device} />}
      {control && (
        <span class="outcome">
          <CommandNote device={device} point={control} />
        </span>
      )}
    </li>
  );
}

function Mark({ device }: { device: Device }) {
  const measures = pointOf(device, POWER) !== undefined && isAnswering(device.state);
  if (!measures) return <StateDot state={device.state} />;
  return <i class="mark" data-mark="device" style={{ "--mark": flowMark({ kind: "device", id: device.id }) }} />;
}

function Values({ device }: { device: Device }) {
  const main = mainOf(device);
  if (!main) return <span class="state-text soft">{device.points.length ? "" : say("now.no_points")}</span>;
  const control = switchOf(device);
  const isShown = main !== control;
  return (
    <>
      <span class="trend">{tracked(device) && <DeviceSpark device={device} />}</span>
      <span class="value">{isShown && <ReadingValue device={device} point={main} />}</span>
      <span class="today small soft">
        <Beside device={device} main={main} />
      </span>
      <span class="old">{device.state === "asleep" ? <Asleep device={device} point={main} /> : <PointAge device={device} point={main.key} />}</span>
    </>
  );
}

/** Energy today; for devices without power, the name of the value shown. */
function Beside({ device, main }: { device: Device; main: Point }) {
  const Wh = energyToday(device);
  if (Wh !== undefined) {
    const { number, unit } = quantity(Wh, "Wh");
    return <>{say(device.produces ? "now.row_produced" : "now.row_today", { energy: `${number} ${unit}` })}</>;
  }
  return main.key === POWER || main === switchOf(device) ? null : <>{pointName(main)}</>;
}

function Asleep({ device, point }: { device: Device; point: Point }) {
  return (
    <>
      <StateDot state="asleep" label={say("app.state_asleep")} /> <PointAge device={device} point={point.key} />
    </>
  );
}

function DeviceSpark({ device }: { device: Device }) {
  historyState.value; // render again when the history has been loaded
  const values = trackOf(device.id).evenly(edge.value, DOT, SPAN / DOT + 1);
  const isPower = tracked(device) === POWER;
  return <Spark values={values} zero={isPower} mark={isPower ? flowMark({ kind: "device", id: device.id }) : "var(--rest)"} />;
}

function Silence({ device }: { device: Device }) {
  return (
    <span class="state-text">
      <StateText device={device} />
      {device.state === "seen" && (
        <>
          {" · "}
          <a href="/devices">{say("now.admit")}</a>
        </>
      )}
    </span>
  );
}

function RestRow() {
  const rest = flows.value.uses.find((one) => one.kind === "rest");
  const known = flows.value.grid !== undefined;
  if (!known && !rest) return null;
  const band = columns.value.uses.find((one) => one.kind === "rest");
  return (
    <li class="row live rest">
      <span class="name">
        <i class="mark" data-mark="rest" style={{ "--mark": flowMark(REST) }} />
        <span>{say("now.rest_row")}</span>
      </span>
      <span class="control" />
      <span class="trend">{band && <Spark values={band.values.filter((_, index) => index % 2 === 0)} mark={flowMark(REST)} />}</span>
      <span class="value">
        <Quantity value={rest?.W ?? 0} unit="W" exponent={exponentOf(REST)} />
      </span>
    </li>
  );
}

