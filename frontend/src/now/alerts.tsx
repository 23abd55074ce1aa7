/** What needs attention, above all else: the worst, and the others when they are opened. */
import { alerts, byId, now, reading, timezone } from "../data/live";
import type { Alert, Device } from "../data/shapes";
import { nameOf, pointOf } from "../devices/points";
import { titleOf } from "../devices/names";
import { ReconnectButton, ReconnectHelp } from "../parts/reconnect";
import { sinceText, valueText } from "../text/format";
import { fullText } from "../text/full";
import { sayWith } from "../text/rich";
import { say } from "../text/words";
import { Icon, WARNING } from "../parts/icon";

export function Alerts() {
  const [worst, ...others] = alerts.value.filter((one) => !one.device || byId.value.has(one.device));
  if (!worst) return null;
  return (
    <section class="alerts" aria-label={say("alert.label")}>
      <Line alert={worst} isWorst />
      {others.length > 0 && (
        <details>
          <summary>{say("alert.more", { count: others.length })}</summary>
          <ul>
            {others.map((one) => (
              <li key={`${one.device} ${one.kind} ${one.point}`}>
                <Line alert={one} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Line({ alert, isWorst = false }: { alert: Alert; isWorst?: boolean }) {
  const device = byId.value.get(alert.device);
  return (
    <div class="alert" role={isWorst ? "alert" : undefined} data-alert={alert.kind}>
      <Icon>{WARNING}</Icon>
      {device ? <OfDevice alert={alert} device={device} /> : <OfHub alert={alert} />}
    </div>
  );
}

function OfDevice({ alert, device }: { alert: Alert; device: Device }) {
  return (
    <>
      <p>
        {alertText(alert, device)}
        {alert.kind === "offline" && (
          <>
            {" "}
            <ReconnectHelp device={device} />
          </>
        )}
      </p>
      <div class="acts">
        {alert.kind === "offline" && <ReconnectButton device={device} />}
        <a
          href={`/devices/${encodeURIComponent(device.id)}`}
          aria-label={say("alert.open_label", { device: nameOf(device) })}
        >
          {say("alert.open")}
        </a>
      </div>
    </>
  );
}

/** Of the hub itself: its disk is nearly full. */
function OfHub({ alert }: { alert: Alert }) {
  return (
    <>
      <p>
        {say("alert.disk", { percent: String(alert.value) })} {fullText(alert.full_in)}
      </p>
      <div class="acts">
        <a href="/settings#data">{say("alert.disk_open")}</a>
      </div>
    </>
  );
}

/** The alert as a sentence in the language of the page. */
export function alertText(alert: Alert, device: Device) {
  const name = (
    <b>
      <bdi>{nameOf(device)}</bdi>
    </b>
  );
  const point = pointOf(device, alert.point);
  const shape = { unit: alert.unit, exponent: point?.exponent ?? -3 };
  const value = valueText(reading(device.id, alert.point).value?.value ?? alert.value, shape);
  const title = point ? titleOf(point) : alert.point;
  switch (alert.kind) {
    case "offline":
      return sayWith("alert.offline", {
        device: name,
        time: sinceText(Date.parse(alert.since) / 1000, now.value, timezone.value),
      });
    case "above":
    case "below":
      return sayWith(`alert.${alert.kind}`, {
        device: name,
        point: title,
        value,
        limit: valueText(alert.limit, shape),
      });
    case "battery":
      return sayWith(alert.unit ? "alert.battery_value" : "alert.battery", { device: name, value });
    case "disk":
      return alert.text; // no device has it
    default:
      return sayWith(`alert.${alert.kind}`, {
        device: name,
        what: typeof alert.value === "string" ? `${title}, ${alert.value}` : title,
      });
  }
}
