/** A sub-device of a gateway: its gateway keeps its name and place, and forgets it. */
import { useEffect, useRef, useState } from "preact/hooks";

import { byId, role } from "../../data/live";
import { nameOf } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { Submit } from "../../parts/attempt";
import { Notice } from "../../parts/notice";
import { go } from "../../routing/router";
import { say } from "../../text/words";
import { run, runOf } from "../actions/runs";
import { isNamed, offers } from "../gateway/gateway-facts";
import { placeOf } from "../places";
import { Removal } from "./removal";

/** Whether the device belongs to a gateway, which keeps its settings. */
export function isPart(device: Device): boolean {
  return offers(device, "rename") || offers(device, "remove");
}

export function PartName({ device }: { device: Device }) {
  const [name, setName] = useState(isNamed(device) ? device.name : "");
  const [place, setPlace] = useState(device.info.place ?? "");
  const [isSaved, setSaved] = useState(false);
  const { busy, problem, go: rename } = useAsk(device, "rename", () => setSaved(true));
  const bar = role.value === "read" ? say("app.read_only") : "";
  const gateway = byId.value.get(device.parent);
  if (!offers(device, "rename")) return null;
  return (
    <section aria-labelledby="name-and-place">
      <h2 id="name-and-place">{say("device.name_and_place")}</h2>
      <p class="small soft">{say("device.part_text", { gateway: gateway ? nameOf(gateway) : device.parent })}</p>
      <form
        class="part-name"
        onInput={() => setSaved(false)}
        onSubmit={bar ? (event) => event.preventDefault() : rename({ name: name.trim(), place: place.trim() })}
      >
        <label class="field">
          <span>{say("gateway.name")}</span>
          <input
            value={name}
            maxLength={80}
            autoComplete="off"
            disabled={bar !== ""}
            placeholder={device.id}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{say("gateway.place")}</span>
          <input
            value={place}
            maxLength={80}
            autoComplete="off"
            disabled={bar !== ""}
            onInput={(event) => setPlace(event.currentTarget.value)}
          />
        </label>
        <div class="row-of">
          <Submit busy={busy} barred={bar !== ""}>
            {say("device.save")}
          </Submit>
          <span class="small soft" role="status">
            {bar || (isSaved && say("device.saved"))}
          </span>
        </div>
        {problem && <Notice kind="fault">{problem}</Notice>}
      </form>
    </section>
  );
}

export function PartRemoval({ device, isOpen }: { device: Device; isOpen: boolean }) {
  const bar = role.value === "read" ? say("app.read_only") : "";
  if (!offers(device, "remove")) return null;
  return (
    <Removal isOpen={isOpen} bar={bar} question={(close) => <Question device={device} close={close} />}>
      <p class="small soft">{say("gateway.remove_text")}</p>
    </Removal>
  );
}

function Question({ device, close }: { device: Device; close: () => void }) {
  const [reset, setReset] = useState(false);
  const {
    busy,
    problem,
    go: remove,
  } = useAsk(device, reset ? "forget" : "remove", () => {
    close();
    go(placeOf(device.parent));
  });
  return (
    <form class="removing" onSubmit={remove({})}>
      <h2 id="remove-ask">{say("gateway.remove_ask", { name: nameOf(device) })}</h2>
      <p>{say("gateway.remove_text")}</p>
      {offers(device, "forget") && (
        <label class="check">
          <input type="checkbox" checked={reset} onChange={() => setReset(!reset)} /> {say("gateway.also_reset")}
        </label>
      )}
      {problem && <Notice kind="fault">{problem}</Notice>}
      <div class="row-of">
        {/* biome-ignore lint/a11y/noAutofocus: the first focus in its dialog */}
        <button type="button" autoFocus onClick={close}>
          {say("device.cancel")}
        </button>
        <button type="submit" class="danger" aria-busy={busy} aria-disabled={busy ? true : undefined}>
          {say("gateway.remove_now")}
        </button>
      </div>
    </form>
  );
}

/** Runs an action from a form; `then`: what follows when it has succeeded. */
function useAsk(device: Device, action: string, then: () => void) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const send = async (args: Record<string, string>) => {
    setBusy(true);
    await run(device.id, action, args, true);
    const last = runOf(device.id, action).peek();
    if (!isShown.current) return;
    setBusy(false);
    setProblem(last?.state === "failed" ? last.text : "");
    if (last?.state !== "failed") then();
  };
  const ask = (args: Record<string, string>) => (event: Event) => {
    event.preventDefault();
    if (!busy) void send(args);
  };
  return { busy, problem, go: ask };
}
