/** The head of a device's page: the way back, its colour and name, more, and the three depths. */
import { markOf } from "../../charts/palette";
import { byId } from "../../data/live";
import { nameOf } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { isAnswering } from "../../devices/points";
import { say } from "../../text/words";
import { DEPTHS, placeOf, type Depth } from "../places";
import { Menu } from "./menu";
import "./header.css";
import { BACK, Icon } from "../../parts/icon";

export function Header({ device, depth }: { device: Device; depth: Depth }) {
  return (
    <header>
      <Back device={device} />
      <div class="device-title">
        <h1>
          <i
            class="device-mark"
            data-mark
            data-gone={isAnswering(device.state) ? undefined : true}
            style={{ "--mark": markOf(device.id) }}
          />
          <span class="clamped" title={nameOf(device)}>
            {nameOf(device)}
          </span>
        </h1>
        <Menu device={device} />
      </div>
      <nav class="line-tabs" aria-label={say("device.depths")}>
        {DEPTHS.map((one) => (
          <a key={one} href={placeOf(device.id, one)} aria-current={one === depth ? "page" : undefined}>
            {say(`device.depth_${one}`)}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** To the room; from what belongs to a gateway and has no room, to the gateway. */
function Back({ device }: { device: Device }) {
  const owner = device.room || device.info.place ? undefined : byId.value.get(device.parent);
  const isPart = owner?.actions.some((action) => action.name === "permit");
  const room = device.room || device.info.place || say("device.all");
  return (
    <a class="back" href={isPart && owner ? placeOf(owner.id) : "/devices"}>
      <Icon width={1.75}>{BACK}</Icon>
      <span class="clamped">{isPart && owner ? nameOf(owner) : room}</span>
    </a>
  );
}
