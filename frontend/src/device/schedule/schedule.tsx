/** The schedule that a device keeps and carries out by itself, also while the hub is off. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { role } from "../../data/live";
import { Submit } from "../../parts/attempt";
import { Notice } from "../../parts/notice";
import type { Device, ScheduleRule } from "../../data/shapes";
import { say } from "../../text/words";
import {
  argumentsOf,
  dayName,
  DAYS,
  daysText,
  formOf,
  NEW_RULE,
  ruleText,
  SCHEDULE_ACTIONS,
  type RuleForm,
} from "./rules";
import { run, runOf } from "../actions/runs";
import "./schedule.css";

/** `isShown`: it is what was asked for by the address. */
export function Schedule({ device, isShown = false }: { device: Device; isShown?: boolean }) {
  const [edited, setEdited] = useState<ScheduleRule | "new">();
  const dialog = useRef<HTMLDialogElement>(null);
  const rules = device.schedule ?? [];
  const bar = role.value === "read" ? say("app.read_only") : "";
  useLayoutEffect(() => {
    if (edited) dialog.current?.showModal(); // its form is there by now, and gets the focus
  }, [edited]);
  return (
    <section class="schedule" aria-labelledby="schedule" id={isShown ? "shown" : undefined}>
      <h2 id="schedule">{say("device.schedule")}</h2>
      <p class="soft">{say("device.schedule_text")}</p>
      {rules.length === 0 && <p>{say("device.no_rules")}</p>}
      <ul>
        {rules.map((rule) => (
          <Rule key={rule.id} device={device} rule={rule} bar={bar} edit={() => setEdited(rule)} />
        ))}
      </ul>
      <div>
        <button
          type="button"
          aria-disabled={bar ? true : undefined}
          title={bar || undefined}
          onClick={() => !bar && setEdited("new")}
        >
          {say("device.add_rule")}
        </button>
      </div>
      <Outcomes device={device} />
      <dialog
        ref={dialog}
        aria-label={say(edited === "new" ? "device.add_rule" : "device.edit_rule")}
        onClose={() => setEdited(undefined)}
      >
        {edited && (
          <Editor
            key={edited === "new" ? "" : edited.id}
            device={device}
            rule={edited}
            close={() => dialog.current?.close()}
          />
        )}
      </dialog>
    </section>
  );
}

type RuleProps = { device: Device; rule: ScheduleRule; bar: string; edit: () => void };

function Rule({ device, rule, bar, edit }: RuleProps) {
  const text = ruleText(rule);
  const send = (action: string, args: Record<string, string>) =>
    void run(device.id, action, { rule: rule.id, ...args }, true);
  const enabled = rule.enabled;
  return (
    <li class="rule" data-enabled={enabled}>
      <p>
        <strong>{text}</strong>
        <span class="soft small">
          {rule.name && `${rule.name}, `}
          {daysText(rule)}
        </span>
      </p>
      <button
        type="button"
        class="switch"
        aria-label={say("device.rule_enabled", { rule: text })}
        aria-pressed={enabled}
        aria-disabled={bar ? true : undefined}
        title={bar || undefined}
        onClick={() => !bar && send("schedule", { enabled: enabled ? "no" : "yes" })}
      >
        <span class="track" />
      </button>
      {!bar && (
        <span class="row-of">
          <button type="button" class="plain" onClick={edit}>
            {say("device.edit")}
            <span class="hidden-text">: {text}</span>
          </button>
          <button type="button" class="plain" onClick={() => send("unschedule", {})}>
            {say("device.delete")}
            <span class="hidden-text">: {text}</span>
          </button>
        </span>
      )}
    </li>
  );
}

/** The outcome of the last change, until the next one. */
function Outcomes({ device }: { device: Device }) {
  const runs = SCHEDULE_ACTIONS.map((action) => runOf(device.id, action).value);
  const busy = runs.some((one) => one?.state === "running");
  const failed = runs.find((one) => one?.state === "failed");
  return (
    <div role="status">
      {busy && <p class="soft">{say("device.in_progress")}</p>}
      {!busy && failed && <Notice kind="fault">{failed.text}</Notice>}
    </div>
  );
}

type EditorProps = { device: Device; rule: ScheduleRule | "new"; close: () => void };

function Editor({ device, rule, close }: EditorProps) {
  const isNew = rule === "new";
  const [form, setForm] = useState<RuleForm>(isNew ? NEW_RULE : formOf(rule));
  const change = (fields: Partial<RuleForm>) => setForm({ ...form, ...fields });
  const busy = runOf(device.id, "schedule").value?.state === "running";
  const save = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    await run(device.id, "schedule", argumentsOf(form, isNew ? "" : rule.id), true);
    if (runOf(device.id, "schedule").peek()?.state !== "failed") close();
  };
  return (
    <form class="rule-form" onSubmit={(event) => void save(event)}>
      <h3>{say(isNew ? "device.add_rule" : "device.edit_rule")}</h3>
      {isNew && (
        <Choice
          label={say("device.rule_kind")}
          value={form.kind}
          options={[
            ["timer", say("device.kind_timer")],
            ["auto_off", say("device.kind_auto_off")],
          ]}
          pick={(kind) => change({ kind: kind as RuleForm["kind"] })}
        />
      )}
      {form.kind === "timer" ? (
        <TimerFields form={form} change={change} />
      ) : (
        <AutoOffFields form={form} change={change} />
      )}
      <Days form={form} change={change} />
      <label class="field">
        <span>{say("device.rule_name")}</span>
        <input
          value={form.name}
          maxLength={32}
          autoComplete="off"
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </label>
      <div class="row-of">
        <Submit busy={busy} barred={form.days.length === 0}>
          {say("device.save")}
        </Submit>
        <button type="button" onClick={close}>
          {say("device.cancel")}
        </button>
      </div>
      <Outcomes device={device} />
    </form>
  );
}

type FieldsProps = { form: RuleForm; change: (fields: Partial<RuleForm>) => void };

function TimerFields({ form, change }: FieldsProps) {
  return (
    <>
      <Choice
        label={say("device.rule_turn")}
        value={form.turn}
        options={[
          ["on", say("app.on")],
          ["off", say("app.off")],
        ]}
        pick={(turn) => change({ turn: turn as RuleForm["turn"] })}
      />
      <Choice
        label={say("device.rule_when")}
        value={form.sun}
        options={[
          ["", say("device.when_clock")],
          ["sunrise", say("device.when_sunrise")],
          ["sunset", say("device.when_sunset")],
        ]}
        pick={(sun) => change({ sun: sun as RuleForm["sun"] })}
      />
      {form.sun ? (
        <Minutes label={say("device.rule_offset")} value={form.offset} set={(offset) => change({ offset })} />
      ) : (
        <label class="field">
          <span>{say("device.rule_time")}</span>
          <input type="time" required value={form.at} onInput={(event) => change({ at: event.currentTarget.value })} />
        </label>
      )}
      <Minutes label={say("device.rule_for")} value={form.lasts} set={(lasts) => change({ lasts })} />
    </>
  );
}

function AutoOffFields({ form, change }: FieldsProps) {
  return <Minutes label={say("device.rule_after")} value={form.after} set={(after) => change({ after })} />;
}

function Minutes({ label, value, set }: { label: string; value: string; set: (value: string) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input inputMode="decimal" value={value} autoComplete="off" onInput={(event) => set(event.currentTarget.value)} />
    </label>
  );
}

function Days({ form, change }: FieldsProps) {
  const toggle = (day: (typeof DAYS)[number]) =>
    change({ days: DAYS.filter((one) => (one === day) !== form.days.includes(one)) });
  return (
    <fieldset class="days">
      <legend>{say("device.rule_days")}</legend>
      <div class="row-of">
        {DAYS.map((day) => (
          <label key={day}>
            <input type="checkbox" checked={form.days.includes(day)} onChange={() => toggle(day)} /> {dayName(day)}
          </label>
        ))}
      </div>
      <label>
        <input type="checkbox" checked={form.once} onChange={() => change({ once: !form.once })} />{" "}
        {say("device.rule_only_once")}
      </label>
    </fieldset>
  );
}

type ChoiceProps = {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  pick: (value: string) => void;
};

function Choice({ label, value, options, pick }: ChoiceProps) {
  const id = useId();
  return (
    <label class="field" for={id}>
      <span>{label}</span>
      <select id={id} value={value} onChange={(event) => pick(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
