/** The Now page: current power, uses, and problems at a glance. */
import { computed } from "@preact/signals";

import { devices, version } from "../data/live";
import { FlowCard } from "../now/flows";
import { Minutes } from "../now/minutes";
import { Rows } from "../now/rows";
import { pointOf, POWER } from "../devices/points";
import { later } from "../routing/later";
import { say } from "../text/words";
import "./now.css";

const isKnown = computed(() => version.value !== "");
const isEmpty = computed(() => devices.value.every((one) => one.state === "seen"));
const measures = computed(() => devices.value.some((one) => one.state !== "seen" && pointOf(one, POWER)));

const FirstPage = later(() => import("../add/first").then((page) => page.FirstPage));

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
  return (
    <>
      {measures.value && (
        <div class="above">
          <FlowCard />
          <Minutes />
        </div>
      )}
      <Rows />
    </>
  );
}

/** Placeholders while loading. */
function Skeleton() {
  return (
    <div class="waiting" aria-busy="true">
      <div class="above">
        <div class="card flows skeleton" />
        <div class="card minutes skeleton" />
      </div>
      <ul class="rows">
        {[0, 1, 2, 3, 4].map((row) => (
          <li key={row} class="row">
            <span class="name skeleton">·</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
