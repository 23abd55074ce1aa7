/** Details of a device: from its profile, from the configuration, and reported by the device. */
import { byId } from "../../data/live";
import { Fact } from "../../parts/fact";
import { nameOf } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";
import { isOfStart } from "../details/console/start-report";
import { Report } from "./report";
import { sourcesText } from "./sources";
import { titled } from "../../text/printable";

export function About({ device, isReportOpen = false }: { device: Device; isReportOpen?: boolean }) {
  const parent = byId.value.get(device.parent);
  const sources = sourcesText(device.points);
  return (
    <section aria-labelledby="about">
      <h2 id="about">{say("device.about")}</h2>
      <dl class="facts">
        {parent && (
          <Fact name={say("device.parent")}>
            <a href={`/devices/${encodeURIComponent(parent.id)}`}>{nameOf(parent)}</a>
          </Fact>
        )}
        <Fact name={say("device.family")}>{familyName(device.family)}</Fact>
        {device.profile && <Fact name={say("device.profile")}>{device.profile}</Fact>}
        {sources && <Fact name={say("device.sources")}>{sources}</Fact>}
        {device.link && (
          <Fact name={say("device.link")}>
            <LinkPlace link={device.link} />
          </Fact>
        )}
        <Fact name={say("device.id")}>
          <code>{device.id}</code>
        </Fact>
        {device.identity && (
          <Fact name={say("device.identity")}>
            <code>{device.identity}</code>
          </Fact>
        )}
        {Object.entries(device.info)
          .filter(([key, value]) => value && !isOfStart(key))
          .map(([key, value]) => (
            <Fact key={key} name={infoName(key)}>
              {value}
            </Fact>
          ))}
        {device.produces && <Fact name={say("device.energy_role")}>{say("device.produces")}</Fact>}
      </dl>
      <Report key={device.id} device={device} isFirstOpen={isReportOpen} />
    </section>
  );
}

/** `Tuya inside, Wi-Fi`. */
export function familyName(family: string): string {
  return sayIfKnown(`device.family_${family}`, family.replaceAll("_", " "));
}

/** The configured link; for plugs that connect to the broker, a description. */
export function LinkPlace({ link }: { link: string }) {
  return link === "broker:" ? say("device.link_broker") : <code>{link}</code>;
}

function infoName(key: string): string {
  return sayIfKnown(`device.info_${key}`, titled(key));
}
