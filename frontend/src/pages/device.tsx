/** A device in three depths: overview, settings, details. */
import type { ComponentType } from "preact";
import { useRef } from "preact/hooks";

import { Header } from "../device/header/header";
import { SeenPlug } from "../device/identity/admit";
import { Overview } from "../device/overview/overview";
import { placeOf, type Depth } from "../device/places";
import { byId, connection, devices, version } from "../data/live";
import { nameOf } from "../devices/points";
import { laterPart } from "../routing/later";
import { go } from "../routing/router";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import "./device.css";

const Settings = laterPart<{ device: Device }>(
  "device/settings/settings",
  () => import("../device/settings/settings").then((part) => part.Settings),
  "place",
);
const Details = laterPart<{ device: Device }>(
  "device/details/details",
  () => import("../device/details/details").then((part) => part.Details),
  "place",
);
const DEPTHS: Readonly<Record<Depth, ComponentType<{ device: Device }>>> = {
  overview: Overview,
  settings: Settings,
  details: Details,
};

export function DevicePage({ id, depth }: { id: string; depth: Depth }) {
  const device = byId.value.get(id);
  return (
    <main class="device">{device ? <Known device={device} depth={depth} /> : <Missing id={id} depth={depth} />}</main>
  );
}

/** The identity of each device whose page was open: by it a device is found under another id. */
const identities = new Map<string, string>();

function Known({ device, depth }: { device: Device; depth: Depth }) {
  if (device.identity) identities.set(device.id, device.identity);
  if (device.state === "seen") return <NotAdmitted device={device} />;
  const Depth = DEPTHS[depth];
  return (
    <>
      <Header device={device} depth={depth} />
      <Depth key={`${device.id} ${depth}`} device={device} />
    </>
  );
}

function NotAdmitted({ device }: { device: Device }) {
  return (
    <>
      <AllDevices />
      <h1>{nameOf(device)}</h1>
      <section class="card">
        <p>{say("device.not_admitted")}</p>
        <SeenPlug device={device} onAdmitted={(id) => go(placeOf(id), true)} />
      </section>
    </>
  );
}

/** A missing device is reported only after the first snapshot. One with another id now is followed. */
function Missing({ id, depth }: { id: string; depth: Depth }) {
  const isFollowed = useRef(false);
  const identity = identities.get(id);
  const renamed = identity === undefined ? undefined : devices.value.find((one) => one.identity === identity);
  if (renamed && !isFollowed.current) {
    isFollowed.current = true;
    queueMicrotask(() => go(placeOf(renamed.id, depth), true));
  }
  if (renamed || !version.value || connection.value !== "live")
    return (
      <div aria-busy="true">
        <h1>{id}</h1>
        <div class="card skeleton place" />
      </div>
    );
  return (
    <>
      <AllDevices />
      <h1>{id}</h1>
      <p>{say("device.not_found", { id })}</p>
    </>
  );
}

function AllDevices() {
  return (
    <p class="back-line">
      <a class="back" href="/devices">
        {say("device.all")}
      </a>
    </p>
  );
}
