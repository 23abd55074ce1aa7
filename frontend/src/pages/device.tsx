/** One device: values and controls, actions, details, and its link. */
import { timeText } from "../text/format";
import { About } from "../device/identity/about";
import { Actions, shownActions } from "../device/details/actions/actions";
import { SeenPlug } from "../device/identity/admit";
import { hasConsole } from "../device/details/console/commands";
import { Console } from "../device/details/console/console";
import { Gateway } from "../device/gateway/gateway";
import { isGateway, otherPoints } from "../device/gateway/gateway-facts";
import { hasInfrared, Infrared } from "../device/infrared/infrared";
import { Points } from "../device/details/points/points";
import { historyOf } from "../device/places";
import { hasSchedule, Schedule } from "../device/schedule/schedule";
import { hasSecurity, Security } from "../device/security/security";
import { Wire } from "../device/details/wire/wire";
import { byId, connection, now, timezone, version } from "../data/live";
import { ReadingValue } from "../parts/quantity";
import { StateDot, StateText, stateName } from "../parts/state";
import { mainOf, nameOf } from "../devices/points";
import { go } from "../routing/router";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import "./device.css";

export function DevicePage({ id }: { id: string }) {
  const device = byId.value.get(id);
  return (
    <main class="device">
      <p class="small back">
        <a href="/devices">{say("device.all")}</a>
      </p>
      {device ? device.state === "seen" ? <NotAdmitted device={device} /> : <One device={device} /> : <NotFound id={id} />}
    </main>
  );
}

function One({ device }: { device: Device }) {
  const main = isGateway(device) ? undefined : mainOf(device);
  const points = otherPoints(device);
  return (
    <>
      <header class="row-of">
        <h1>{nameOf(device)}</h1>
        <p class="state live">
          <StateDot state={device.state} /> <State device={device} />
        </p>
        {main && (
          <p class="main-value live">
            <ReadingValue device={device} point={main} />
          </p>
        )}
        <a href={historyOf(device.id)}>{say("app.history")}</a>
      </header>
      {hasSecurity(device) && <Security device={device} />}
      {isGateway(device) && <Gateway key={device.id} device={device} />}
      {hasInfrared(device) && <Infrared key={`infrared ${device.id}`} device={device} />}
      {(points.length > 0 || !isGateway(device)) && (
        <section class="card" aria-labelledby="points">
          <h2 id="points">{say("device.points")}</h2>
          <Points device={{ ...device, points: [...points] }} />
        </section>
      )}
      {hasSchedule(device) && <Schedule device={device} />}
      {shownActions(device).length > 0 && <Actions device={device} />}
      {hasConsole(device) && <Console key={`console ${device.id}`} device={device} />}
      <About device={device} />
      <Wire device={device} />
    </>
  );
}

/** The state, with its time also for a device that is online. */
function State({ device }: { device: Device }) {
  if (device.state !== "online" || !device.since) return <StateText device={device} />;
  const time = timeText(Date.parse(device.since) / 1000, now.value, timezone.value);
  return <>{say("app.state_since", { state: stateName(device.state), time })}</>;
}

function NotAdmitted({ device }: { device: Device }) {
  return (
    <>
      <h1>{nameOf(device)}</h1>
      <section class="card">
        <p>{say("device.not_admitted")}</p>
        <SeenPlug device={device} onAdmitted={(id) => go(`/devices/${encodeURIComponent(id)}`, true)} />
      </section>
    </>
  );
}

/** A missing device is reported only after the first snapshot; a device that was just admitted arrives at once. */
function NotFound({ id }: { id: string }) {
  if (!version.value || connection.value !== "live")
    return (
      <div aria-busy="true">
        <h1>{id}</h1>
        <div class="card skeleton place" />
      </div>
    );
  return (
    <>
      <h1>{id}</h1>
      <p>{say("device.not_found", { id })}</p>
    </>
  );
}
