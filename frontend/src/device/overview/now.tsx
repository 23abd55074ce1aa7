/** What a device is doing now: its big number, its switch, and the sentence about it. */
import { useId } from "preact/hooks";

import { meters } from "../../data/recent";
import { devices, now, reading, timezone } from "../../data/live";
import { isAnswering } from "../../devices/points";
import type { Device, Point } from "../../data/shapes";
import { PointAge } from "../../parts/age";
import { Quantity, QualityMark, ReadingValue } from "../../parts/quantity";
import { Switch } from "../../parts/switch";
import { ReconnectButton, ReconnectHelp } from "../../parts/reconnect";
import { isGone } from "../../rooms/rooms";
import { say } from "../../text/words";
import { meaningOf, titleOf } from "../../devices/names";
import { headlineOf, isPoint, relayOf } from "../../devices/roles";
import { isGateway, partsOf } from "../gateway/gateway-facts";
import { leadOf } from "./lead";
import type { Past } from "./past";

export function Now({ device, past }: { device: Device; past: Past }) {
  const [headline, relay] = [headlineOf(device), relayOf(device)];
  return (
    <>
      {(headline || relay) && (
        <div class="display-row">
          <p class="display live">
            {headline ? <Big device={device} point={headline} /> : relay && <Big device={device} point={relay} />}
          </p>
          {relay && <Switch device={device} point={relay} isLarge />}
        </div>
      )}
      {headline && !isPoint(headline, "power") && <p class="soft">{titleOf(headline)}</p>}
      <Lead device={device} past={past} />
    </>
  );
}

/** A number with its unit, or a word: `open`. Of a meter without its sign, which the sentence says. */
function Big({ device, point }: { device: Device; point: Point }) {
  const newest = reading(device.id, point.key).value;
  if (typeof newest?.value === "number" && point.kind === "number") {
    if (!meters.value.has(device.id) || !isPoint(point, "power")) return <ReadingValue device={device} point={point} />;
    return (
      <span class={isAnswering(device.state) ? "" : "is-off"}>
        <QualityMark quality={newest.quality} flags={newest.flags} />
        <Quantity value={Math.abs(newest.value)} unit={point.unit} exponent={point.exponent} />
      </span>
    );
  }
  return (
    <span class={`word${isAnswering(device.state) ? "" : " is-off"}`}>
      {newest ? meaningOf(newest.value, point) : "–"}
    </span>
  );
}

function Lead({ device, past }: { device: Device; past: Past }) {
  const why = useId();
  const [headline, relay] = [headlineOf(device), relayOf(device)];
  const newest = headline && reading(device.id, headline.key).value;
  const reportedAt = Math.max(...device.points.map((point) => reading(device.id, point.key).value?.at ?? -Infinity));
  const value = relay && reading(device.id, relay.key).value?.value;
  const text = leadOf(
    device,
    {
      value,
      last: past.switches.at(-1),
      isOld: past.isOld,
      reportedAt: Number.isFinite(reportedAt) ? reportedAt : undefined,
    },
    now.value,
    timezone.value,
  );
  const flow = headline && device.state === "online" ? flowText(device, headline, newest?.value) : "";
  const parts = isGateway(device) && device.state === "online" ? partsOf(device, devices.value).length : 0;
  const own = parts ? say("gateway.lead", { count: parts }) : flow;
  return (
    <div class="lead" data-state={device.state}>
      <p role={relay ? "status" : undefined}>
        {own ? [own, relay && text].filter(Boolean).join(" ") : text}{" "}
        {(relay || flow) && headline && device.state === "online" && <PointAge device={device} point={headline.key} />}
      </p>
      {isGone(device) && (
        <p class="gone">
          <ReconnectHelp device={device} /> <ReconnectButton device={device} />
        </p>
      )}
      {device.reason && !isAnswering(device.state) && (
        <details class="plain" id={why}>
          <summary>{say("lead.why")}</summary>
          <p>{device.reason}</p>
        </details>
      )}
    </div>
  );
}

/** Which way the energy of a meter or of an inverter flows; "" for what only uses it. */
function flowText(device: Device, point: Point, value: unknown): string {
  if (!isPoint(point, "power") || typeof value !== "number") return "";
  if (meters.value.has(device.id)) return say(value < 0 ? "lead.to_grid" : "lead.from_grid");
  return device.produces ? say("lead.produces") : "";
}
