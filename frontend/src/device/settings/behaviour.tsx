/** How the device itself behaves: what it keeps and does without the hub. */
import { reading } from "../../data/live";
import type { Device, Point } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";
import { PointControl } from "../points/choice";
import { isDuration, meaningOf, titleOf } from "../../devices/names";
import { baseOf, isPoint, relayOf, settingsOf } from "../../devices/roles";
import { Row } from "./fields";

export function Behaviour({ device }: { device: Device }) {
  const { known, other } = settingsOf(device);
  if (!known.length && !other.length) return null;
  return (
    <section aria-labelledby="behaviour">
      <h2 id="behaviour">{say("device.behaviour")}</h2>
      {known.length > 0 && (
        <div class="entries set">
          {known.map((point) => (
            <Setting key={point.key} device={device} point={point} />
          ))}
        </div>
      )}
      {other.length > 0 && (
        <details class="plain">
          <summary>{say("device.more_settings", { count: other.length })}</summary>
          <p class="small soft">{say("device.more_settings_text")}</p>
          <div class="entries set">
            {other.map((point) => (
              <Setting key={point.key} device={device} point={point} />
            ))}
          </div>
        </details>
      )}
    </section>
  );
}

function Setting({ device, point }: { device: Device; point: Point }) {
  const title = nameOfSetting(device, point);
  const base = baseOf(point.key);
  const value = reading(device.id, point.key).value?.value;
  const isShown = point.kind === "switch" || point.kind === "enum" || isDuration(point); // by its control
  const text = [
    sayIfKnown(`behaviour.${base}_text`, ""),
    isShown || value === undefined ? "" : say("device.present", { value: meaningOf(value, point) }),
  ];
  return (
    <Row title={title} text={text.filter(Boolean).join(" ")} isStacked={point.kind !== "switch"} name={point.key}>
      <PointControl device={device} point={point} title={title} />
    </Row>
  );
}

/** The effect in words. A countdown switches the other way. */
function nameOfSetting(device: Device, point: Point): string {
  const relay = relayOf(device);
  if (isPoint(point, "countdown") && relay)
    return say(
      reading(device.id, relay.key).value?.value === true ? "behaviour.countdown_off" : "behaviour.countdown_on",
    );
  return sayIfKnown(`behaviour.${baseOf(point.key)}`, titleOf(point));
}
