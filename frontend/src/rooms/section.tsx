/** A room: its name, the power that it uses, "All off", and the cards of its devices. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import { meters, plan } from "../data/recent";
import { reading } from "../data/live";
import type { Device } from "../data/shapes";
import { pointOf, POWER } from "../devices/points";
import { Quantity } from "../parts/quantity";
import { say } from "../text/words";
import { AllOffButton, AllOffResult, useAllOff } from "./all-off";
import { DeviceCard } from "./card";
import { hasSwitches, powerOf, type Room } from "./rooms";
import "./rooms.css";

const WIDEST = 4; // cards beside each other

/** `whole`: the room with all of its devices, for its power and for "All off". `more`: further cards. */
export function RoomSection({
  room,
  whole = room,
  more,
  moreCount = 0,
}: {
  room: Room;
  whole?: Room;
  more?: ComponentChildren;
  moreCount?: number;
}) {
  const heading = useId();
  const title = titleOf(room);
  const off = useAllOff(whole);
  const isOffered = room.kind === "room" && hasSwitches(whole);
  return (
    <section
      class="room"
      aria-labelledby={heading}
      data-room={room.name}
      style={{ "--n": Math.min(WIDEST, Math.max(1, room.devices.length + moreCount)) }}
    >
      <div class="sec">
        <h2 class="clamped" id={heading} dir="auto">
          {title}
        </h2>
        {room.kind !== "whole" && <RoomPower room={whole} />}
        {isOffered && <AllOffButton title={title} {...off} />}
      </div>
      <AllOffResult run={off.run} />
      <ul class="grid">
        {room.devices.map((device) => (
          <DeviceCard key={device.id} device={device} />
        ))}
        {more}
      </ul>
    </section>
  );
}

/** The favourites, and other lists of devices that are no room. */
export function Cards({ title, devices }: { title: string; devices: readonly Device[] }) {
  const heading = useId();
  return (
    <section class="room" aria-labelledby={heading} style={{ "--n": Math.min(WIDEST, devices.length) }}>
      <div class="sec">
        <h2 class="clamped" id={heading}>
          {title}
        </h2>
      </div>
      <ul class="grid">
        {devices.map((device) => (
          <DeviceCard key={device.id} device={device} />
        ))}
      </ul>
    </section>
  );
}

function titleOf(room: Room): string {
  if (room.kind === "room") return room.name;
  return say(({ none: "room.none", all: "room.devices", whole: "room.whole_home" } as const)[room.kind]);
}

/** What the room uses now. */
function RoomPower({ room }: { room: Room }) {
  const W = powerOf(room, plan.value, (id) => {
    const value = reading(id, POWER).value?.value;
    return typeof value === "number" ? value : undefined;
  });
  const exponents = room.devices
    .filter((one) => !meters.value.has(one.id))
    .flatMap((one) => pointOf(one, POWER)?.exponent ?? []);
  return (
    <span class="room-power live">
      {W !== undefined && <Quantity value={W} unit="W" exponent={Math.max(...exponents)} />}
    </span>
  );
}
