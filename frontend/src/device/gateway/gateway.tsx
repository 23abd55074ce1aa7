/** A gateway: the window in which sub-devices may join, with a countdown, and its sub-devices. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { devices, now, reading, role } from "../../data/live";
import { Submit } from "../../parts/attempt";
import { PointAge } from "../../parts/age";
import { Notice } from "../../parts/notice";
import { PointValue, ReadingValue } from "../../parts/quantity";
import { StateDot, StateText } from "../../parts/state";
import { mainOf, nameOf } from "../../devices/points";
import type { Device, Point } from "../../data/shapes";
import { say } from "../../text/words";
import { barOf, batteryOf, countdownText, isLow, isNamed, isNew, kindText, NO_JOINS, offers, openSince, partsOf, secondsLeft, signalOf, withLook, withoutReason, type Joins } from "./gateway-facts";
import { run, runOf } from "../actions/runs";
import "./gateway.css";

type Asked = { part: Device; what: "rename" | "remove" };

export function Gateway({ device }: { device: Device }) {
  const [asked, setAsked] = useState<Asked>();
  const dialog = useRef<HTMLDialogElement>(null);
  const parts = partsOf(device, devices.value);
  const joins = joinsOf(device, parts);
  const joined = parts.filter((part) => isNew(joins, part.id));
  const ask = (part: Device, what: Asked["what"]) => setAsked({ part, what });
  useLayoutEffect(() => {
    if (asked) dialog.current?.showModal(); // its content is there by now, so that the right part has the focus
  }, [asked]);
  const close = () => dialog.current?.close();
  return (
    <section class="card gateway" aria-labelledby="gateway">
      <h2 id="gateway">{say("gateway.parts")}</h2>
      <Joining device={device} />
      <p role="status" class="joined">
        {joined.length > 0 && say("gateway.joined", { names: joined.map((part) => (isNamed(part) ? part.name : kindText(part))).join(", ") })}
      </p>
      {parts.length === 0 && <p class="soft">{say("gateway.none")}</p>}
      <ul>
        {parts.map((part) => (
          <Part key={part.id} part={withoutReason(part, device)} isNew={isNew(joins, part.id)} ask={ask} />
        ))}
      </ul>
      <dialog ref={dialog} aria-labelledby="gateway-ask" onClose={() => setAsked(undefined)}>
        {asked?.what === "rename" && <Rename key={asked.part.id} part={asked.part} close={close} />}
        {asked?.what === "remove" && <Remove key={asked.part.id} part={asked.part} close={close} />}
      </dialog>
    </section>
  );
}

/** Who joined since the page was loaded, by gateway; it is kept while other pages are shown. */
const seen = new Map<string, Joins>();

function joinsOf(device: Device, parts: readonly Device[]): Joins {
  const before = seen.get(device.id);
  const after = withLook(before ?? NO_JOINS, parts.map((part) => part.id), openSince(device), before === undefined);
  seen.set(device.id, after);
  return after;
}

/** The window: open it, see how long it is open, close it. */
function Joining({ device }: { device: Device }) {
  const isOpen = reading(device.id, "joining").value?.value === true;
  const left = reading(device.id, "joining_left_s").value;
  const bar = barOf(device, role.value);
  const action = isOpen ? "stop" : "permit";
  const last = runOf(device.id, action).value;
  const busy = last?.state === "running";
  const press = () => void (bar || busy || run(device.id, action, {}, true));
  const seconds = secondsLeft(left, now.value);
  return (
    <div class="joining" data-open={isOpen}>
      <p class="live">
        {isOpen ? (
          <>
            <strong role="timer">{say("gateway.left", { left: countdownText(seconds) })}</strong>
            <span class="soft">{say("gateway.how_to_join")}</span>
          </>
        ) : (
          <span class="soft">{say("gateway.closed")}</span>
        )}
      </p>
      <button type="button" class={isOpen ? "" : "main"} aria-busy={busy} aria-disabled={bar || busy ? true : undefined} title={bar || undefined} onClick={press}>
        {say(isOpen ? "gateway.stop" : "gateway.permit")}
        {bar && <span class="hidden-text">: {bar}</span>}
      </button>
      {isOpen && <progress class="left" max={Number(left?.value) || 1} value={seconds} aria-label={say("gateway.time_left")} />}
      {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
    </div>
  );
}

type PartProps = { part: Device; isNew: boolean; ask: (part: Device, what: Asked["what"]) => void };

function Part({ part, isNew, ask }: PartProps) {
  const name = nameOf(part);
  const mayChange = role.value !== "read";
  const main = mainOf(part);
  const [battery, signal] = [batteryOf(part), signalOf(part)];
  return (
    <li class="part" data-device={part.id} data-state={part.state}>
      <p class="name">
        <StateDot state={part.state} />
        <span>
          <a href={`/devices/${encodeURIComponent(part.id)}`}>{name}</a>
          <span class="soft small">{[kindText(part), part.info.place].filter(Boolean).join(" · ")}</span>
          {isNew && <span class="new">{say("gateway.new")}</span>}
        </span>
      </p>
      <p class="value live">
        {main && main !== battery && <ReadingValue device={part} point={main} />}
        {main && main !== battery && <PointAge device={part} point={main.key} />}
      </p>
      <p class="state soft small live">
        <span>
          <StateText device={part} />
        </span>
        {battery && <Charge part={part} point={battery} />}
        {signal && <Measure part={part} point={signal} title={say("gateway.signal")} />}
      </p>
      {mayChange && (
        <p class="row-of tools">
          {offers(part, "rename") && <Tool text={say("gateway.rename")} name={name} press={() => ask(part, "rename")} />}
          {offers(part, "remove") && <Tool text={say("gateway.remove")} name={name} press={() => ask(part, "remove")} />}
        </p>
      )}
    </li>
  );
}

function Tool({ text, name, press }: { text: string; name: string; press: () => void }) {
  return (
    <button type="button" class="plain" onClick={press}>
      {text}
      <span class="hidden-text">: {name}</span>
    </button>
  );
}

function Charge({ part, point }: { part: Device; point: Point }) {
  const isFlat = isLow(reading(part.id, point.key).value?.value, point);
  return (
    <span class={isFlat ? "low" : ""}>
      <Measure part={part} point={point} title={say("gateway.battery")} />
      {isFlat && ` (${say("gateway.battery_low")})`}
    </span>
  );
}

/** `Battery 87 %`; nothing before it was reported. */
function Measure({ part, point, title }: { part: Device; point: Point; title: string }) {
  const newest = reading(part.id, point.key).value;
  if (!newest) return null;
  return (
    <span>
      {title} <PointValue value={newest.value} point={point} />
    </span>
  );
}

type DialogProps = { part: Device; close: () => void };

function Rename({ part, close }: DialogProps) {
  const [name, setName] = useState(isNamed(part) ? part.name : "");
  const [place, setPlace] = useState(part.info.place ?? "");
  const { busy, problem, go } = useAsk(part, "rename", close);
  return (
    <form class="ask" onSubmit={go({ name: name.trim(), place: place.trim() })}>
      <h3 id="gateway-ask">{say("gateway.rename_title")}</h3>
      <label class="field">
        <span>{say("gateway.name")}</span>
        <input value={name} maxLength={80} autoComplete="off" onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{say("gateway.place")}</span>
        <input value={place} maxLength={80} autoComplete="off" onInput={(event) => setPlace(event.currentTarget.value)} />
      </label>
      <div class="row-of">
        <Submit busy={busy}>{say("device.save")}</Submit>
        <Cancel close={close} />
      </div>
      {problem && <Notice kind="fault">{problem}</Notice>}
    </form>
  );
}

function Remove({ part, close }: DialogProps) {
  const [reset, setReset] = useState(false);
  const { busy, problem, go } = useAsk(part, reset ? "forget" : "remove", close);
  return (
    <form class="ask" onSubmit={go({})}>
      <h3 id="gateway-ask">{say("gateway.remove_ask", { name: nameOf(part) })}</h3>
      <p>{say("gateway.remove_text")}</p>
      {offers(part, "forget") && (
        <label class="check">
          <input type="checkbox" checked={reset} onChange={() => setReset(!reset)} /> {say("gateway.also_reset")}
        </label>
      )}
      <div class="row-of">
        <Cancel close={close} isFirst />
        <button type="submit" class="danger" aria-busy={busy} aria-disabled={busy ? true : undefined}>
          {say("gateway.remove_now")}
        </button>
      </div>
      {problem && <Notice kind="fault">{problem}</Notice>}
    </form>
  );
}

function Cancel({ close, isFirst = false }: { close: () => void; isFirst?: boolean }) {
  return (
    <button type="button" autoFocus={isFirst} onClick={close}>
      {say("device.cancel")}
    </button>
  );
}

/** Runs an action of a sub-device from a dialog, which closes when it has succeeded. */
function useAsk(part: Device, action: string, close: () => void) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const isOpen = useRef(true);
  useEffect(() => () => void (isOpen.current = false), []);
  const send = async (args: Record<string, string>) => {
    setBusy(true);
    await run(part.id, action, args, true);
    const last = runOf(part.id, action).peek();
    if (!isOpen.current) return;
    setBusy(false);
    if (last?.state === "failed") setProblem(last.text);
    else close();
  };
  const go = (args: Record<string, string>) => (event: Event) => {
    event.preventDefault();
    if (!busy) void send(args);
  };
  return { busy, problem, go };
}
