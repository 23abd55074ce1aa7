/** The card of a device, a row on phones: what it is, what it does now, and its switch. */
import { SPAN, edge, historyState, meters, tracked, trackOf } from "../data/recent";
import { commandOf } from "../data/commands";
import { dayOf } from "../data/day";
import { now, reading, timezone } from "../data/live";
import type { Device, Point } from "../data/shapes";
import { energyToday } from "../data/today";
import { deviceMark } from "../charts/palette";
import { Spark } from "../charts/spark";
import { meaningOf, titleOf } from "../devices/names";
import { headlineOf } from "../devices/roles";
import { isAnswering, nameOf, pointOf, POWER, relaysOf, switchOf } from "../devices/points";
import { PointAge } from "../parts/age";
import { ReadingValue } from "../parts/quantity";
import { stateName } from "../parts/state";
import { CommandNote, Switch } from "../parts/switch";
import { placeOfDevice } from "../routing/place";
import { amountText, NOTHING, sinceText } from "../text/format";
import { say } from "../text/words";
import { isGone } from "./rooms";
import "./rooms.css";

const DOT_S = 10; // from one point of the curve of the last minutes to the next

export function DeviceCard({ device }: { device: Device }) {
  const relay = relayOf(device);
  const command = relay && commandOf(device.id, relay.key).value;
  const isRefused = command !== undefined && command.state !== "pending";
  return (
    <li
      class={`dev live ${lookOf(device, relay)}${isRefused ? " refused" : ""}`}
      data-device={device.id}
      data-state={device.state}
    >
      <i class="dot" data-mark style={{ "--mark": markOfCard(device) }} />
      <div class="txt">
        <a class="name" href={placeOfDevice(device.id)} title={nameOf(device)} dir="auto">
          {nameOf(device)}
        </a>
        <span class="sub">
          <Second device={device} relay={relay} />
        </span>
      </div>
      <span class="trend">
        <Curve device={device} />
      </span>
      <span class="val">
        <Value device={device} relay={relay} />
      </span>
      {relay && <Switch device={device} point={relay} note={false} />}
      {relay && <CommandNote device={device} point={relay} />}
      {isGone(device) && !isRefused && (
        <span class="why" title={device.reason || undefined}>
          <span class="fault">{goneText(device)}</span>
        </span>
      )}
    </li>
  );
}

/** What its switch switches: its relay, or the first one of several. */
function relayOf(device: Device): Point | undefined {
  const point = switchOf(device);
  return point && (point.key === "on" || point.key === device.main) ? point : relaysOf(device)[0];
}

function lookOf(device: Device, relay: Point | undefined): string {
  if (isGone(device)) return "gone";
  if (!isAnswering(device.state)) return "waits";
  return relay && reading(device.id, relay.key).value?.value === false ? "off" : "";
}

function markOfCard(device: Device): string {
  return pointOf(device, POWER) || device.colour !== null ? deviceMark(device, meters.value) : "var(--edge)";
}

/** The second line: what happens to it, else its energy today, else what its value is. */
function Second({ device, relay }: { device: Device; relay: Point | undefined }) {
  const main = headlineOf(device);
  const command = relay && commandOf(device.id, relay.key).value;
  if (command?.state === "pending") return <>{say(command.value === true ? "room.turning_on" : "room.turning_off")}</>;
  if (isGone(device)) return <>{lastText(device, main)}</>;
  if (!isAnswering(device.state)) return <>{stateName(device.state)}</>;
  const text = device.state === "asleep" ? say("app.state_asleep") : todayText(device, main, relay);
  return (
    <>
      {text && <span>{text}</span>}
      {main && <PointAge device={device} point={main.key} />}
    </>
  );
}

function todayText(device: Device, main: Point | undefined, relay: Point | undefined): string {
  const Wh = energyToday(device);
  if (Wh !== undefined) return say(device.produces ? "now.row_produced" : "now.row_today", { energy: amountText(Wh) });
  if (!main && !relay) return device.points.length ? stateName(device.state) : say("now.no_points");
  if (!main) return "";
  return main.key === POWER || main === relay ? "" : titleOf(main);
}

function lastText(device: Device, main: Point | undefined): string {
  const last = main && reading(device.id, main.key).value;
  return main && last ? say("room.last", { value: meaningOf(last.value, main) }) : "";
}

function goneText(device: Device): string {
  return device.since
    ? say("room.gone_since", { time: sinceText(Date.parse(device.since) / 1000, now.value, timezone.value) })
    : say("room.gone");
}

function Value({ device, relay }: { device: Device; relay: Point | undefined }) {
  if (!isAnswering(device.state)) return <>{NOTHING}</>;
  const main = headlineOf(device);
  const isOff = relay && reading(device.id, relay.key).value?.value === false;
  if (isOff && (!main || main === relay || main.key === POWER)) return <>{say("app.off")}</>;
  if (!main)
    return relay ? <span class="word">{meaningOf(reading(device.id, relay.key).value?.value, relay)}</span> : null;
  if (main.kind === "number") return <ReadingValue device={device} point={main} />;
  return <span class="word">{meaningOf(reading(device.id, main.key).value?.value, main)}</span>;
}

/** The last day; of a device that has been there for less, the last minutes. */
function Curve({ device }: { device: Device }) {
  const key = tracked(device);
  if (!key || key !== headlineOf(device)?.key) return null;
  historyState.value; // render again when the minutes have been loaded
  const values = dayOf(device.id) ?? trackOf(device.id).evenly(edge.value, DOT_S, SPAN / DOT_S + 1);
  const isPower = key === POWER;
  return <Spark values={values} zero={isPower} mark={isPower ? deviceMark(device, meters.value) : "var(--rest)"} />;
}
