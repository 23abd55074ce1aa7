/** The alarm system of a security gateway: its state, arming and disarming, with a code where one is set. */
import { useState } from "preact/hooks";

import { timeText } from "../../text/format";
import { notices, now, reading, role, timezone } from "../../data/live";
import { Notice } from "../../parts/notice";
import type { Device, HubEvent } from "../../data/shapes";
import { say } from "../../text/words";
import { barOf, offers, secondsLeft, SECURITY } from "../gateway/gateway-facts";
import { usePolled } from "../../data/polled";
import { run, runOf } from "../actions/runs";
import { choicesIn, isAlarm, lastEvents, leftText, SECURITY_ACTIONS, stateWord, withCode } from "./security-state";
import "./security.css";

const LOOKED_AT = 100; // of the device's newest events

export function Security({ device }: { device: Device }) {
  const state = String(reading(device.id, SECURITY).value?.value ?? "");
  const left = secondsLeft(reading(device.id, "security_left_s").value, now.value);
  const more = leftText(state, left);
  return (
    <section class="security" aria-labelledby="security" data-alarm={isAlarm(state)}>
      <h2 id="security">{say("security.title")}</h2>
      <p class="security-state live">
        <strong role="status">{stateWord(state)}</strong>
        {more && <span role="timer">{more}</span>}
      </p>
      <Choices device={device} state={state} />
      <LastEvents device={device} />
      <NewCode device={device} />
    </section>
  );
}

function Choices({ device, state }: { device: Device; state: string }) {
  const [code, setCode] = useState("");
  const [failed, setFailed] = useState({ text: "", state });
  const { arm, disarm, cancel } = choicesIn(state);
  const bar = barOf(device, role.value);
  const busy = isBusy(device);
  const send = async (action: string, args: Record<string, string>) => {
    if (bar || busy) return;
    await run(device.id, action, args, true);
    const last = runOf(device.id, action).peek();
    setFailed({ text: last?.state === "failed" ? last.text : "", state });
    if (last?.state !== "failed") setCode("");
  };
  const button = { bar, busy };
  return (
    <form
      class="choices"
      onSubmit={(event) => {
        event.preventDefault();
        if (disarm) void send("disarm", withCode(code));
      }}
    >
      <div class="with-code">
        {disarm && <CodeField label={say("security.code")} value={code} set={setCode} />}
        {arm && <Choice {...button} text={say("security.arm_home")} press={() => void send("arm", { mode: "home" })} />}
        {arm && <Choice {...button} text={say("security.arm_away")} press={() => void send("arm", { mode: "away" })} />}
        {disarm && <Choice {...button} text={say("security.disarm")} isMain />}
        {cancel && (
          <Choice
            {...button}
            text={say("security.cancel_alarm")}
            press={() => void send("cancel_alarm", withCode(code))}
          />
        )}
      </div>
      {cancel && <p class="soft small">{say("security.text_alarm")}</p>}
      {bar && <p class="soft small">{bar}</p>}
      <div role="status">
        {failed.text && failed.state === state && !busy && <Notice kind="fault">{failed.text}</Notice>}
      </div>
    </form>
  );
}

type ChoiceProps = { text: string; bar: string; busy: boolean; press?: () => void; isMain?: boolean };

/** A button; without `press` it submits the form. */
function Choice({ text, bar, busy, press, isMain = false }: ChoiceProps) {
  return (
    <button
      type={press ? "button" : "submit"}
      class={isMain ? "main" : ""}
      aria-busy={busy}
      aria-disabled={bar || busy ? true : undefined}
      title={bar || undefined}
      onClick={press}
    >
      {text}
    </button>
  );
}

type CodeProps = { label: string; value: string; set: (value: string) => void };

function CodeField({ label, value, set }: CodeProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="password"
        inputMode="numeric"
        maxLength={16}
        autoComplete="off"
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

/** What changed last, when, and who or what brought it about. */
function LastEvents({ device }: { device: Device }) {
  const { value } = usePolled<HubEvent[]>("/api/events", 0, { device: device.id, limit: LOOKED_AT });
  const events = lastEvents(device.id, value ?? [], notices.value);
  if (!events.length) return null;
  return (
    <div class="last-events">
      <h3>{say("security.events")}</h3>
      <ol>
        {events.map((event) => (
          <li key={`${event.at} ${event.words}`}>
            <time class="soft" dateTime={event.at}>
              {timeText(Date.parse(event.at) / 1000, now.value, timezone.value)}
            </time>{" "}
            {event.words}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The code that people need for disarming. */
function NewCode({ device }: { device: Device }) {
  const [code, setCode] = useState("");
  const [fresh, setFresh] = useState("");
  if (!offers(device, "set_code") || role.value === "read") return null;
  const last = runOf(device.id, "set_code").value;
  const busy = isBusy(device);
  const save = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    await run(device.id, "set_code", withCode(code, { new: fresh.trim() }), true);
    if (runOf(device.id, "set_code").peek()?.state === "failed") return;
    setCode("");
    setFresh("");
  };
  return (
    <details class="plain">
      <summary>{say("security.code_title")}</summary>
      <form class="choices" onSubmit={(event) => void save(event)}>
        <CodeField label={say("security.code_old")} value={code} set={setCode} />
        <CodeField label={say("security.code_new")} value={fresh} set={setFresh} />
        <div>
          <Choice text={say("security.code_set")} bar="" busy={busy} />
        </div>
        <div role="status">
          {last?.state === "done" && <p>{say("security.code_done")}</p>}
          {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
        </div>
      </form>
    </details>
  );
}

function isBusy(device: Device): boolean {
  return SECURITY_ACTIONS.some((action) => runOf(device.id, action).value?.state === "running");
}
