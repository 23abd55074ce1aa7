/** A gateway: the window in which sub-devices may join, with a countdown, and its sub-devices. */
import { devices, now, reading, role } from "../../data/live";
import { PointAge } from "../../parts/age";
import { Notice } from "../../parts/notice";
import { PointValue, ReadingValue } from "../../parts/quantity";
import { StateDot, stateName, StateText } from "../../parts/state";
import { isAnswering, nameOf } from "../../devices/points";
import type { Device, Point } from "../../data/shapes";
import { say } from "../../text/words";
import {
  barOf,
  batteryOf,
  countdownText,
  isLow,
  isNew,
  NO_JOINS,
  offers,
  openSince,
  partsOf,
  secondsLeft,
  signalOf,
  withLook,
  withoutReason,
  type Joins,
} from "./gateway-facts";
import { Switch } from "../../parts/switch";
import { run, runOf } from "../actions/runs";
import { placeOf } from "../places";
import { meaningOf } from "../../devices/names";
import { headlineOf, relayOf } from "../../devices/roles";
import "./gateway.css";

export function Gateway({ device }: { device: Device }) {
  const parts = partsOf(device, devices.value);
  const joins = joinsOf(device, parts);
  const joined = parts.filter((part) => isNew(joins, part.id));
  return (
    <section class="gateway" aria-labelledby="gateway">
      <h2 id="gateway">{say("gateway.parts")}</h2>
      <Joining device={device} />
      <p role="status" class="joined">
        {joined.length > 0 && say("gateway.joined", { names: joined.map(nameOf).join(", ") })}
      </p>
      {parts.length === 0 && <p class="soft">{say("gateway.none")}</p>}
      <ul>
        {parts.map((part) => (
          <Part key={part.id} part={withoutReason(part, device)} isNew={isNew(joins, part.id)} />
        ))}
      </ul>
    </section>
  );
}

/** Who joined since the page was loaded, by gateway; it is kept while other pages are shown. */
const seen = new Map<string, Joins>();

function joinsOf(device: Device, parts: readonly Device[]): Joins {
  const before = seen.get(device.id);
  const after = withLook(
    before ?? NO_JOINS,
    parts.map((part) => part.id),
    openSince(device),
    before === undefined,
  );
  seen.set(device.id, after);
  return after;
}

/** The window: open it, see how long it is open, close it. */
function Joining({ device }: { device: Device }) {
  const isOpen = reading(device.id, "joining").value?.value === true;
  const left = reading(device.id, "joining_left_s").value;
  const bar = barOf(device, role.value);
  const action = isOpen ? "stop" : "permit";
  const last = runOf(device.id, action).value;
  const busy = last?.state === "running";
  const press = () => void (bar || busy || run(device.id, action, {}, true));
  const seconds = secondsLeft(left, now.value);
  return (
    <div class="joining" data-open={isOpen}>
      <p class="live">
        {isOpen ? (
          <>
            <strong role="timer">{say("gateway.left", { left: countdownText(seconds) })}</strong>
            <span class="soft">{say("gateway.how_to_join")}</span>
          </>
        ) : (
          <span class="soft">{say("gateway.closed")}</span>
        )}
      </p>
      <button
        type="button"
        class={isOpen ? "" : "main"}
        aria-busy={busy}
        aria-disabled={bar || busy ? true : undefined}
        title={bar || undefined}
        onClick={press}
      >
        {say(isOpen ? "gateway.stop" : "gateway.permit")}
        {bar && <span class="hidden-text">: {bar}</span>}
      </button>
      {isOpen && (
        <progress class="left" max={Number(left?.value) || 1} value={seconds} aria-label={say("gateway.time_left")} />
      )}
      {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
    </div>
  );
}

function Part({ part, isNew }: { part: Device; isNew: boolean }) {
  const [main, relay] = [headlineOf(part), relayOf(part)];
  const [battery, signal] = [batteryOf(part), signalOf(part)];
  return (
    <li class="part" data-device={part.id} data-state={part.state}>
      <p class="name">
        <StateDot state={part.state} label={stateName(part.state)} />
        <span>
          <a href={placeOf(part.id)}>{nameOf(part)}</a>
          <span class="soft small">{part.room || part.info.place || ""}</span>
          {isNew && <span class="new">{say("gateway.new")}</span>}
        </span>
      </p>
      <p class="value live">
        {main && main !== battery && <Value part={part} point={main} />}
        {main && main !== battery && <PointAge device={part} point={main.key} />}
      </p>
      <p class="state soft small live">
        {part.state !== "online" && (
          <span>
            <StateText device={part} />
          </span>
        )}
        {battery && <Charge part={part} point={battery} />}
        {signal && <Measure part={part} point={signal} title={say("gateway.signal")} />}
      </p>
      <div class="tools">
        {relay && <Switch device={part} point={relay} />}
        {isNew && role.value !== "read" && offers(part, "rename") && (
          <a class="button" href={placeOf(part.id, "settings")}>
            {say("gateway.name_it")}
            <span class="hidden-text">: {nameOf(part)}</span>
          </a>
        )}
      </div>
    </li>
  );
}

/** `21.5 °C`, `open`. */
function Value({ part, point }: { part: Device; point: Point }) {
  const newest = reading(part.id, point.key).value;
  if (typeof newest?.value === "number") return <ReadingValue device={part} point={point} />;
  return <span class={isAnswering(part.state) ? "" : "is-off"}>{meaningOf(newest?.value, point)}</span>;
}

function Charge({ part, point }: { part: Device; point: Point }) {
  const isFlat = isLow(reading(part.id, point.key).value?.value, point);
  return (
    <span class={isFlat ? "low" : ""}>
      <Measure part={part} point={point} title={say("gateway.battery")} />
      {isFlat && ` (${say("gateway.battery_low")})`}
    </span>
  );
}

/** `Battery 87 %`; nothing before it was reported. */
function Measure({ part, point, title }: { part: Device; point: Point; title: string }) {
  const newest = reading(part.id, point.key).value;
  if (!newest) return null;
  return (
    <span>
      {title} <PointValue value={newest.value} point={point} />
    </span>
  );
}
