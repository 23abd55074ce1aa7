/** Setting up a plug, in three parts: find it, choose its Wi-Fi, see it connect. The hub goes on by itself. */
import { useEffect, useRef } from "preact/hooks";

import { SeenPlugs, seenPlugs } from "../device/identity/admit";
import { usePolled } from "../data/polled";
import { devices, requestLogin, role } from "../data/live";
import { HubError, remove } from "../data/http";
import { focusMain } from "../parts/focus";
import { Notice } from "../parts/notice";
import { nameOf } from "../devices/points";
import { Choose, FoundFacts } from "../setup/choose";
import { Find, sent } from "../setup/find";
import { partOf } from "../setup/progress";
import { Parts, StepList } from "../setup/steps";
import type { SetupView } from "../data/shapes";
import { say } from "../text/words";
import "./setup.css";

const EVERY_MS = 1_000;

export function SetupPage() {
  const { value: view, error, again } = usePolled<SetupView>("/api/setup", EVERY_MS);
  return (
    <main class="setup">
      <p class="small back">
        <a href="/devices">{say("device.all")}</a>
      </p>
      <h1>{say("setup.title")}</h1>
      <p class="soft small">
        {say("setup.other_devices")} <a href="/products">{say("products.title")}</a>
      </p>
      {role.value === "read" ? (
        <Notice>{say("setup.read_only")}</Notice>
      ) : error ? (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      ) : view ? (
        <Wizard view={view} again={again} />
      ) : (
        <div class="card skeleton" aria-busy="true" />
      )}
    </main>
  );
}

function Wizard({ view, again }: { view: SetupView; again: () => void }) {
  useStartOfPage(partOf(view));
  return (
    <>
      <Parts view={view} />
      {view.phase === "idle" && <Waiting />}
      {view.phase === "idle" && <Find onBegun={again} />}
      {view.phase === "choosing" && <FoundFacts view={view} />}
      {view.phase === "choosing" && view.problem && <Notice>{view.problem}</Notice>}
      {view.phase === "choosing" && <Choose view={view} onSent={again} />}
      {view.phase !== "idle" && view.phase !== "choosing" && <Running view={view} again={again} />}
      {view.phase === "choosing" && <Cancel text={say("setup.cancel")} again={again} />}
    </>
  );
}

/** Another part begins at the top of the page. */
function useStartOfPage(part: string): void {
  const last = useRef(part);
  useEffect(() => {
    if (last.current === part) return;
    last.current = part;
    scrollTo(0, 0);
    focusMain();
  }, [part]);
}

/** Plugs that have connected already need no set-up. */
function Waiting() {
  if (!seenPlugs.value.length) return null;
  return (
    <section class="card" aria-labelledby="seen-plugs">
      <h2 id="seen-plugs">{say("device.seen_plugs")}</h2>
      <SeenPlugs />
    </section>
  );
}

const HEADINGS = {
  idle: "setup.title",
  finding: "setup.phase_finding",
  choosing: "setup.found",
  joining: "setup.phase_joining",
  done: "setup.phase_done",
  failed: "setup.phase_failed",
} as const;

function Running({ view, again }: { view: SetupView; again: () => void }) {
  return (
    <section class="card" aria-labelledby="steps">
      <h2 id="steps">{say(HEADINGS[view.phase])}</h2>
      <StepList view={view} />
      {view.phase === "done" && <Done id={view.device} />}
      {view.phase === "failed" && <Notice kind="fault">{view.problem}</Notice>}
      <div class="row-of">
        {view.phase === "failed" && !view.keeps_wifi && (
          <button
            type="button"
            class="main"
            onClick={() => void sent("/api/setup", { address: view.address }).then(again)}
          >
            {say("app.try_again")}
          </button>
        )}
        <Cancel
          text={say(
            view.phase === "done" ? "setup.another" : view.phase === "failed" ? "setup.start_over" : "setup.cancel",
          )}
          again={again}
        />
      </div>
    </section>
  );
}

function Done({ id }: { id: string }) {
  const device = devices.value.find((one) => one.id === id);
  return (
    <p>
      {say("setup.done", { name: device ? nameOf(device) : id })}{" "}
      <a href={`/devices/${encodeURIComponent(id)}`}>{say("setup.open_device")}</a>
    </p>
  );
}

function Cancel({ text, again }: { text: string; again: () => void }) {
  return (
    <button type="button" onClick={() => void ended().then(again)}>
      {text}
    </button>
  );
}

async function ended(): Promise<void> {
  try {
    await remove<SetupView>("/api/setup");
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
  }
}
