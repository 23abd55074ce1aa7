/** All devices by room, with a filter; and plugs that have connected and are not added yet. */
import { computed } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { keepDay } from "../data/day";
import { devices, reading, version } from "../data/live";
import { meters } from "../data/recent";
import { Notice } from "../parts/notice";
import { isOn, passes, roomsOf, without, type Filter } from "../rooms/rooms";
import { hasRest, RestCard } from "../rooms/rest-card";
import { RoomSection } from "../rooms/section";
import { SeenLine } from "../rooms/seen";
import { go, query } from "../routing/router";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import "./devices.css";
import { Icon, PLUS } from "../parts/icon";

const FILTERS: readonly Filter[] = ["all", "on", "gone"];
const TITLES = { all: "room.filter_all", on: "room.filter_on", gone: "room.filter_gone" } as const;

const known = computed(() => devices.value.filter((one) => one.state !== "seen"));
const filter = computed((): Filter => FILTERS.find((one) => one === query.value.get("show")) ?? "all");
const shown = computed(() => known.value.filter((one) => passes(filter.value, one, isOnNow)));

function isOnNow(device: Device): boolean {
  return isOn(device, (id, point) => reading(id, point).value?.value);
}

export function DevicesPage() {
  useEffect(keepDay, []);
  return (
    <main class="devices full">
      <div class="page-title">
        <h1>{say("app.devices")}</h1>
        <a class="button" href="/add">
          <Icon>{PLUS}</Icon>
          {say("room.add")}
        </a>
      </div>
      {!version.value ? <Skeleton /> : <Content />}
      <p>
        <a class="small beside" href="/products">
          {say("room.products")}
        </a>
      </p>
    </main>
  );
}

function Content() {
  return (
    <>
      <SeenLine />
      {known.value.length > 0 ? <Known /> : <Notice>{say("device.none")}</Notice>}
    </>
  );
}

function Known() {
  const hidden = known.value.filter((one) => !shown.value.includes(one));
  const rooms = without(roomsOf(known.value, meters.value), hidden);
  const rest = filter.value === "all" && hasRest();
  return (
    <>
      <div class="chips" role="group" aria-label={say("room.filter")}>
        {FILTERS.map((one) => (
          <Chip key={one} filter={one} />
        ))}
      </div>
      {rooms.length > 0 ? (
        <div class="rooms">
          {rooms.map(({ room, whole }) => (
            <RoomSection
              key={`${room.kind} ${room.name}`}
              room={room}
              whole={whole}
              {...(rest && room.kind === "whole" ? { more: <RestCard />, moreCount: 1 } : {})}
            />
          ))}
        </div>
      ) : (
        <p class="soft">{say(filter.value === "gone" ? "room.answers_all" : "room.none_on")}</p>
      )}
    </>
  );
}

function Chip({ filter: own }: { filter: Filter }) {
  const count = own === "all" ? known.value.length : known.value.filter((one) => passes(own, one, isOnNow)).length;
  return (
    <button
      type="button"
      class="chip"
      aria-pressed={filter.value === own}
      onClick={() => go(own === "all" ? "/devices" : `/devices?show=${own}`, true)}
    >
      {own === "gone" && count > 0 && <i class="gone-mark" />}
      {say(TITLES[own])} <span class="count">{count}</span>
    </button>
  );
}

function Skeleton() {
  return (
    <div class="rooms" aria-busy="true">
      {[0, 1].map((room) => (
        <section key={room} class="room" style={{ "--n": 2 }}>
          <div class="sec">
            <span class="skeleton">·</span>
          </div>
          <ul class="grid">
            {[0, 1].map((card) => (
              <li key={card} class="dev" />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
