/** What a device says of itself, and what the hub knows of it. */
import { byId } from "../live";
import { Fact } from "../parts/fact";
import { nameOf } from "../points";
import type { Device } from "../shapes";
import { say, sayIfKnown } from "../words";

export function About({ device }: { device: Device }) {
  const parent = byId.value.get(device.parent);
  return (
    <section class="card" aria-labelledby="about">
      <h2 id="about">{say("device.about")}</h2>
      <dl class="facts">
        {parent && (
          <Fact words={say("device.parent")}>
            <a href={`/devices/${encodeURIComponent(parent.id)}`}>{nameOf(parent)}</a>
          </Fact>
        )}
        <Fact words={say("device.family")}>{familyName(device.family)}</Fact>
        {device.profile && <Fact words={say("device.profile")}>{device.profile}</Fact>}
        {device.link && (
          <Fact words={say("device.link")}>
            <LinkPlace link={device.link} />
          </Fact>
        )}
        <Fact words={say("device.id")}>
          <code>{device.id}</code>
        </Fact>
        {device.identity && (
          <Fact words={say("device.identity")}>
            <code>{device.identity}</code>
          </Fact>
        )}
        {Object.entries(device.info).map(([key, value]) => (
          <Fact key={key} words={infoName(key)}>
            {value}
          </Fact>
        ))}
        {device.produces && <Fact words={say("device.energy_role")}>{say("device.produces")}</Fact>}
      </dl>
    </section>
  );
}

/** `Tuya inside (Wi-Fi module)`. */
export function familyName(family: string): string {
  return sayIfKnown(`device.family_${family}`, family.replaceAll("_", " "));
}

/** The link as it is configured; a plug that calls us has none that people could read. */
export function LinkPlace({ link }: { link: string }) {
  return link === "broker:" ? <>{say("device.link_broker")}</> : <code>{link}</code>;
}

function infoName(key: string): string {
  const plain = key.replaceAll("_", " ");
  return sayIfKnown(`device.info_${key}`, plain.charAt(0).toUpperCase() + plain.slice(1));
}
