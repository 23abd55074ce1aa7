/** What else a device reports, and what is set on it every day. */
import { reading } from "../../data/live";
import type { Device, Point } from "../../data/shapes";
import { PointAge } from "../../parts/age";
import { ReadingValue } from "../../parts/quantity";
import { NOTHING } from "../../text/format";
import { say } from "../../text/words";
import { PointControl } from "../points/choice";
import { meaningOf, titleOf } from "../../devices/names";
import { controlsOf, headlineOf, isPoint, readingsOf, relayOf } from "../../devices/roles";

/** Controls first, as rows with their present value. */
export function Everyday({ device }: { device: Device }) {
  const controls = controlsOf(device);
  if (!controls.length) return null;
  return (
    <section aria-label={say("device.controls")}>
      <div class="entries">
        {controls.map((point) => (
          <div key={point.key} class={point.kind === "switch" ? "" : "stack"} data-point={point.key}>
            <b>{titleOf(point)}</b>
            <PointControl device={device} point={point} />
          </div>
        ))}
      </div>
    </section>
  );
}

export function Readings({ device }: { device: Device }) {
  const [headline, relay] = [headlineOf(device)?.key, relayOf(device)?.key];
  const shown = readingsOf(device).filter(
    (point) => point.key !== headline && point.key !== relay && isWorthIt(device, point),
  );
  if (!shown.length) return null;
  return (
    <section aria-label={say("device.readings")}>
      <dl class="entries tight live">
        {shown.map((point) => (
          <div key={point.key} data-point={point.key}>
            <dt>{titleOf(point)}</dt>
            <dd>
              <Meaning device={device} point={point} />{" "}
              {device.state === "online" && <PointAge device={device} point={point.key} />}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What was never reported is left out, and so is "no fault". */
function isWorthIt(device: Device, point: Point): boolean {
  const value = reading(device.id, point.key).value?.value;
  if (value === undefined) return false;
  return !(isPoint(point, "fault") || isPoint(point, "over_temperature")) || (value !== 0 && value !== false);
}

function Meaning({ device, point }: { device: Device; point: Point }) {
  const value = reading(device.id, point.key).value?.value;
  if (point.kind === "number") return <ReadingValue device={device} point={point} />;
  return <span>{value === undefined ? NOTHING : meaningOf(value, point)}</span>;
}
