/** All devices with state and main value, and plugs waiting for admission. */
import { computed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { familyName, LinkPlace } from "../device/identity/about";
import { seenPlugs, SeenPlugs } from "../device/identity/admit";
import { listed, tally, type Order } from "../devices/order";
import { devices, version } from "../data/live";
import { PointAge } from "../parts/age";
import { Notice } from "../parts/notice";
import { ReadingValue } from "../parts/quantity";
import { StateDot, StateText, stateName } from "../parts/state";
import { mainOf, nameOf } from "../devices/points";
import { go, query } from "../routing/router";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import "./devices.css";

const order = computed((): Order => (query.value.get("by") === "state" ? "state" : "hierarchy"));
const counts = computed(() => tally(devices.value));

export function DevicesPage() {
  return (
    <main class="devices">
      <div class="row-of">
        <h1>{say("app.devices")}</h1>
        <a class="small beside" href="/products">
          {say("products.title")}
        </a>
        <a class="button" href="/setup">
          {say("setup.title")}
        </a>
      </div>
      {!version.value ? <Skeleton /> : <Content />}
    </main>
  );
}

function Content() {
  const waits = useOnceTrue(seenPlugs.value.length > 0);
  return (
    <>
      {waits && (
        <section class="card" aria-labelledby="seen-plugs">
          <h2 id="seen-plugs">{say("device.seen_plugs")}</h2>
          <SeenPlugs />
        </section>
      )}
      {devices.value.length ? <Known /> : <Notice>{say("device.none")}</Notice>}
    </>
  );
}

function Known() {
  const rows = listed(devices.value, order.value);
  if (!rows.length) return null;
  return (
    <>
      <div class="row-of">
        <p class="tally">
          {counts.value.map(({ state, count }) => (
            <span key={state}>
              <StateDot state={state} /> {count} {stateName(state)}
            </span>
          ))}
        </p>
        <Chip by="hierarchy" />
        <Chip by="state" />
      </div>
      <ul class="all">
        {rows.map(({ device, depth }) => (
          <Row key={device.id} device={device} depth={depth} />
        ))}
      </ul>
    </>
  );
}

function Chip({ by }: { by: Order }) {
  const to = by === "state" ? "/devices?by=state" : "/devices";
  return (
    <button type="button" class="chip" aria-pressed={order.value === by} onClick={() => go(to, true)}>
      {say(`device.by_${by}`)}
    </button>
  );
}

function Row({ device, depth }: { device: Device; depth: number }) {
  const main = mainOf(device);
  return (
    <li class="one" style={{ "--depth": depth }} data-device={device.id} data-state={device.state}>
      <a class="plain name" href={`/devices/${encodeURIComponent(device.id)}`}>
        <StateDot state={device.state} />
        <span>{nameOf(device)}</span>
      </a>
      <p class="kind soft small">
        {familyName(device.family)}
        {device.link && (
          <>
            {" "}
            · <LinkPlace link={device.link} />
          </>
        )}
      </p>
      <p class="state live">
        <StateText device={device} />
      </p>
      <p class="value live">
        {main && <ReadingValue device={device} point={main} />}
        {main && <PointAge device={device} point={main.key} />}
      </p>
    </li>
  );
}

function Skeleton() {
  return (
    <ul class="all" aria-busy="true">
      {[0, 1, 2, 3].map((row) => (
        <li key={row} class="one">
          <span class="name skeleton">·</span>
        </li>
      ))}
    </ul>
  );
}

/** True from the first time on: the confirmation stays visible after the last plug has been admitted. */
function useOnceTrue(now: boolean): boolean {
  const [was, setWas] = useState(now);
  useEffect(() => {
    if (now) setWas(true);
  }, [now]);
  return was || now;
}
