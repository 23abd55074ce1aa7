/** The form of a new rule of the common kinds, or of a timer that begins now. */
import { useState } from "preact/hooks";

import { post } from "../data/http";
import { devices } from "../data/live";
import { nameOf, switchOf } from "../devices/points";
import { titleOf } from "../devices/names";
import { asked, resultOf, Saved, useSave } from "../settings/save";
import { changeTable } from "../settings/tables";
import { say, type Id } from "../text/words";
import { EMPTY, keysOf, KINDS, missingIn, type Draft, type Kind } from "./form";

type Names = readonly (readonly [string, string])[];
type FieldOf = { key: keyof Draft; label: Id; type: "number" | "time" | "text" | Names };

const DAYS: Names = [
  ["daily", "rules.daily"],
  ["workdays", "rules.workdays"],
  ["sat,sun", "rules.weekend"],
];
const EVENTS: Names = [
  ["sunrise", "rules.sunrise"],
  ["sunset", "rules.sunset"],
];
const TURNS: Names = [
  ["on", "rules.on"],
  ["off", "rules.off"],
];
const FIELDS: Readonly<Record<Kind, readonly FieldOf[]>> = {
  time: [
    field("time", "rules.time", "time"),
    field("days", "rules.weekdays", DAYS),
    field("turn", "rules.turn", TURNS),
    field("lasts", "rules.lasts"),
  ],
  sun: [
    field("event", "rules.event", EVENTS),
    field("offset", "rules.offset"),
    field("days", "rules.weekdays", DAYS),
    field("turn", "rules.turn", TURNS),
    field("lasts", "rules.lasts"),
  ],
  auto_off: [field("minutes", "rules.minutes")],
  limit: [field("watts", "rules.watts"), field("seconds", "rules.seconds")],
  surplus: [
    field("watts", "rules.watts"),
    field("minutes", "rules.minutes"),
    field("least", "rules.least"),
    field("most", "rules.most"),
  ],
  threshold: [
    field("limit", "rules.limit", "text"),
    field("minutes", "rules.minutes"),
    field("turn", "rules.turn", TURNS),
  ],
  timer: [field("minutes", "rules.minutes"), field("turn", "rules.turn", TURNS)],
};

function field(key: keyof Draft, label: Id, type: FieldOf["type"] = "number"): FieldOf {
  return { key, label, type };
}

export function NewRule({ taken, again }: { taken: readonly string[]; again: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [isTried, setTried] = useState(false);
  const save = useSave();
  const missing = missingIn(draft);
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    save.forget();
  };
  const isTimer = draft.kind === "timer";
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(missing !== undefined);
    if (missing || save.busy) return;
    void save
      .run(() => (isTimer ? startTimer(draft, again) : addRule(draft, taken, again)))
      .then((isSaved) => isSaved && setDraft({ ...EMPTY, kind: draft.kind }));
  };
  return (
    <form class="card rule-form" onSubmit={submit} data-part="new-rule">
      <Choice
        label={say("rules.kind")}
        value={draft.kind}
        options={KINDS.map((one) => [one, say(`rules.kind_${one}` as Id)])}
        onChange={(kind) => change({ kind: kind as Kind })}
      />
      <Choice
        label={say("rules.device")}
        value={draft.device}
        options={[["", ""], ...switches()]}
        onChange={(device) => change({ device })}
      />
      {draft.kind === "surplus" && (
        <Choice
          label={say("rules.meter")}
          value={draft.meter}
          options={[["", ""], ...meters()]}
          onChange={(meter) => change({ meter })}
        />
      )}
      {draft.kind === "threshold" && (
        <>
          <Choice
            label={say("rules.measured")}
            value={draft.point}
            options={[["", ""], ...numbers()]}
            onChange={(point) => change({ point })}
          />
          <Choice
            label={say("rules.direction")}
            value={String(draft.above)}
            options={[
              ["true", say("rules.is_above")],
              ["false", say("rules.is_below")],
            ]}
            onChange={(above) => change({ above: above === "true" })}
          />
        </>
      )}
      {FIELDS[draft.kind].map(({ key, label, type }) =>
        typeof type === "string" ? (
          <label class="field" key={key}>
            <span>{say(label)}</span>
            <input
              type={type as "text"}
              value={String(draft[key])}
              onInput={(event) => change({ [key]: event.currentTarget.value })}
            />
          </label>
        ) : (
          <Choice
            key={key}
            label={say(label)}
            value={String(draft[key])}
            options={type.map(([value, id]) => [value, say(id as Id)])}
            onChange={(value) => change({ [key]: value })}
          />
        ),
      )}
      {!isTimer && (
        <label class="field">
          <span>{say("rules.name")}</span>
          <input
            value={draft.name}
            maxLength={100}
            placeholder={nameFor(draft, taken)}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
      )}
      <div class="row-of whole">
        <button type="submit" class="main" aria-busy={save.busy}>
          {say(isTimer ? "rules.start" : "rules.save")}
        </button>
      </div>
      {isTried && missing && (
        <p class="whole problem" role="alert">
          {say("rules.missing", { field: say(missing === "point" ? "rules.measured" : `rules.${missing}`) })}
        </p>
      )}
      <Saved save={save} />
    </form>
  );
}

type ChoiceProps = {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
};

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

async function addRule(draft: Draft, taken: readonly string[], again: () => void) {
  const outcome = await changeTable({ table: "rule", item: "" }, keysOf(draft, nameFor(draft, taken)));
  again();
  return resultOf(outcome, () => false);
}

function startTimer(draft: Draft, again: () => void) {
  const body = { device: draft.device, value: draft.turn === "on", for_s: 60 * Number(draft.minutes), origin: "web" };
  return asked(() => post("/api/timers", body), again, say("rules.started"));
}

/** A name that no rule has: the device and what is done with it. */
function nameFor(draft: Draft, taken: readonly string[]): string {
  const device = devices.value.find((one) => one.id === draft.device);
  const name = `${device ? nameOf(device) : ""} – ${say(`rules.kind_${draft.kind}` as Id)}`.replace(/^ – /, "");
  for (let count = 1; ; count += 1) {
    const one = count === 1 ? name : `${name} ${count}`;
    if (!taken.includes(one)) return one;
  }
}

function switches(): Names {
  return devices.value
    .filter((one) => one.state !== "seen" && switchOf(one)?.key === (one.main || "on"))
    .map((one) => [one.id, nameOf(one)]);
}

function meters(): Names {
  return devices.value
    .filter((one) => one.points.some((point) => point.key === "power_W"))
    .map((one) => [one.id, nameOf(one)]);
}

function numbers(): Names {
  return devices.value.flatMap((one) =>
    one.points
      .filter((point) => point.kind === "number" && point.access !== "w")
      .map((point): [string, string] => [
        `${one.id}.${point.key}`,
        `${nameOf(one)}, ${titleOf(point)}${point.unit ? ` (${point.unit})` : ""}`,
      ]),
  );
}
