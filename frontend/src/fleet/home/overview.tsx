/** What a home does now: its power of the last day, and its devices with their values and switches. */
import { useEffect } from "preact/hooks";

import { keepDay } from "../../data/day";
import { devices, now, role } from "../../data/live";
import { meters } from "../../data/recent";
import { RoomSection } from "../../rooms/section";
import { roomsOf, without } from "../../rooms/rooms";
import { say } from "../../text/words";
import { lookProblem } from "../live";
import type { FleetHome } from "../shapes";
import { isLooked, isSilent } from "./enter";
import { HomePower } from "./power";
import { letOutText } from "./source";

export function Overview({ home }: { home: FleetHome }) {
  useEffect(keepDay, []);
  return (
    <>
      <p class="soft">{letOutText(home)}</p>
      <HomePower home={home} height={innerWidth < 900 ? 200 : 280} />
      <section class="home-devices" aria-labelledby="home-devices">
        <h2 id="home-devices">{say("fleet.devices")}</h2>
        <p class="small soft" role="status">
          {whoSays(home)}
        </p>
        {devices.value.length > 0 ? (
          <div class="rooms">
            {without(roomsOf(devices.value, meters.value), []).map(({ room, whole }) => (
              <RoomSection key={`${room.kind} ${room.name}`} room={room} whole={whole} />
            ))}
          </div>
        ) : (
          <p class="soft">{say("fleet.no_devices")}</p>
        )}
      </section>
    </>
  );
}

/** Where the values of the devices come from, and whether they can be switched. */
function whoSays({ let_out }: FleetHome): string {
  const who = isLooked.value
    ? say(isSilent.value ? "fleet.devices_silent" : "fleet.devices_live")
    : let_out.questions && lookProblem.value
      ? say("fleet.devices_copy_why", { reason: lookProblem.value })
      : say("fleet.devices_copy");
  now.value; // ages
  return [who, role.value === "control" ? say("fleet.switch_through") : ""].filter(Boolean).join(" ");
}
