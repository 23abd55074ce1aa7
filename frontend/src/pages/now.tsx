/** The Now page: what needs attention, the power of the home, the rooms, and the last day. */
import { computed } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { keepDay } from "../data/day";
import { devices, version } from "../data/live";
import { flows, meters } from "../data/recent";
import { pointOf, POWER } from "../devices/points";
import { Alerts } from "../now/alerts";
import { FlowBars } from "../now/flows";
import { hasPower, Hero } from "../now/hero";
import { Power } from "../now/power";
import { Waiting } from "../now/waiting";
import { favouritesOf, roomsOf, without } from "../rooms/rooms";
import { Cards, RoomSection } from "../rooms/section";
import { SeenLine } from "../rooms/seen";
import { later } from "../routing/later";
import { say } from "../text/words";
import "./now.css";

const isKnown = computed(() => version.value !== "");
const isEmpty = computed(() => devices.value.every((one) => one.state === "seen"));
const measures = computed(() => devices.value.some((one) => one.state !== "seen" && pointOf(one, POWER)));
const answersNone = computed(() => devices.value.every((one) => one.state !== "online" && one.state !== "asleep"));

const FirstPage = later("add/first", () => import("../add/first").then((page) => page.FirstPage));

export function NowPage() {
  if (isKnown.value && isEmpty.value) return <FirstPage />;
  return (
    <main class="now">
      <h1 class="hidden-text">{say("app.now")}</h1>
      {!isKnown.value ? <Skeleton /> : <Content />}
    </main>
  );
}

function Content() {
  useEffect(keepDay, []);
  const waits = measures.value ? !hasPower(flows.value) : answersNone.value;
  return (
    <>
      <Alerts />
      {measures.value && (
        <section class="hero" aria-label={say("now.flows")}>
          <Hero />
          <FlowBars />
        </section>
      )}
      {waits && <Waiting />}
      <Rooms />
      <SeenLine />
      {measures.value && <Power />}
    </>
  );
}

/** The favourites, then the rooms with the other devices. What concerns the whole home is above them. */
function Rooms() {
  const favourites = favouritesOf(devices.value);
  const rooms = without(roomsOf(devices.value, meters.value), favourites).filter(({ room }) => room.kind !== "whole");
  if (!favourites.length && !rooms.length) return null;
  return (
    <div class="rooms">
      {favourites.length > 0 && <Cards title={say("room.favourites")} devices={favourites} />}
      {rooms.map(({ room, whole }) => (
        <RoomSection key={`${room.kind} ${room.name}`} room={room} whole={whole} />
      ))}
    </div>
  );
}

/** Placeholders while loading, of the size of what comes. */
function Skeleton() {
  return (
    <div class="hero" aria-busy="true">
      <div class="hero-now">
        <p class="lead">
          <span class="skeleton">·</span>
        </p>
        <p class="display skeleton">·</p>
      </div>
      <div class="flow">
        {[0, 1].map((side) => (
          <div key={side} class="side">
            <p class="cap"> </p>
            <div class="wait" />
          </div>
        ))}
      </div>
    </div>
  );
}
