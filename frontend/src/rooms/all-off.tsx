/** "All off" of a room: the button, and what became of it. */
import { useEffect, useState } from "preact/hooks";

import { sendCommand, type PointCommand } from "../data/commands";
import { reading, role } from "../data/live";
import type { Device } from "../data/shapes";
import { nameOf } from "../devices/points";
import { Names, sayWith } from "../text/rich";
import { say, type Id } from "../text/words";
import { allOff, type AllOff, type Room, type Switched } from "./rooms";

const SHOWN_MS = 60_000;

/** `outcome`: undefined: it is off now, as the device confirmed. */
type Done = { device: Device; outcome: PointCommand | undefined };
type Run = { plan: AllOff; done: readonly Done[] | undefined };

/** The state of the button of one room. */
export function useAllOff(room: Room): { run: Run | undefined; start: () => void } {
  const [run, setRun] = useState<Run>();
  useEffect(() => {
    if (!run?.done) return undefined;
    const timer = setTimeout(() => setRun(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [run]);
  const start = () => {
    if (role.peek() === "read" || (run && !run.done)) return;
    const plan = allOff(room.devices, (device, point) => reading(device, point).peek()?.value);
    setRun({ plan, done: undefined });
    void Promise.all(plan.off.map(switchedOff)).then((done) => setRun({ plan, done }));
  };
  return { run, start };
}

/** All relays of a device at once; the outcome of the first one that was not confirmed. */
async function switchedOff({ device, points }: Switched): Promise<Done> {
  const outcomes = await Promise.all(points.map((point) => sendCommand(device.id, point.key, false)));
  return { device, outcome: outcomes.find((one) => one !== undefined) };
}

export function AllOffButton({ title, run, start }: { title: string; run: Run | undefined; start: () => void }) {
  const bar = role.value === "read" ? say("app.read_only") : "";
  const isBusy = run !== undefined && !run.done;
  return (
    <button
      type="button"
      class="bare quiet"
      aria-label={say("room.all_off_label", { room: title })}
      aria-busy={isBusy}
      aria-disabled={bar ? true : undefined}
      title={bar || undefined}
      onClick={start}
    >
      {say("room.all_off")}
    </button>
  );
}

/** What is switched off, what stays on and why; screen readers announce it. */
export function AllOffResult({ run }: { run: Run | undefined }) {
  return (
    <div class="all-off" role="status">
      {run && <Lines {...run} />}
    </div>
  );
}

function Lines({ plan, done }: Run) {
  const failed = (done ?? []).filter(({ outcome }) => outcome);
  const off = (done ?? []).filter(({ outcome }) => !outcome).map(({ device }) => device);
  const isNothing = done && !done.length && !plan.critical.length && !plan.produces.length && !plan.gone.length;
  return (
    <>
      {!done && <Line id="room.off_working" devices={plan.off.map(({ device }) => device)} />}
      <Line id="room.off_done" devices={off} />
      {failed.map(({ device, outcome }) => (
        <p key={device.id} class={outcome?.state === "failed" ? "fault" : ""}>
          {sayWith(outcome?.state === "held" ? "room.off_held" : "room.off_failed", {
            device: <bdi>{nameOf(device)}</bdi>,
            reason: outcome && outcome.state !== "pending" ? outcome.reason : "",
          })}
        </p>
      ))}
      <Line id="room.off_critical" devices={plan.critical} />
      <Line id="room.off_produces" devices={plan.produces} />
      <Line id="room.off_gone" devices={plan.gone} />
      {isNothing && <p>{say("room.off_none")}</p>}
    </>
  );
}

function Line({ id, devices }: { id: Id; devices: readonly Device[] }) {
  return devices.length ? <p>{sayWith(id, { devices: <Names names={devices.map(nameOf)} /> })}</p> : null;
}
