/** A rule in the list: in words, its state and why, its switch, and what can be done with it. */
import { useState } from "preact/hooks";

import { post } from "../data/http";
import { deviceOf, now, role, timezone } from "../data/live";
import { nameOf } from "../devices/points";
import { Notice } from "../parts/notice";
import { asked, resultOf, Saved, useSave } from "../settings/save";
import { changeTable, removeTable } from "../settings/tables";
import { clockText, timeText } from "../text/format";
import { say } from "../text/words";
import { editedText, keyOf } from "./form";
import { ruleText, switchText, type Rule, type RuleTest } from "./sentence";

const SHOWN_LINES = 20;
const LIST_KEYS = ["at", "when", "while", "if", "set", "end"]; // which may be lists
const TEXT_KEYS = [
  "at",
  "when",
  "while",
  "if",
  "days",
  "set",
  "lasts",
  "end",
  "at_least",
  "at_most",
  "notify",
  "after_manual",
];

export function RuleRow({ rule, again }: { rule: Rule; again: () => void }) {
  const save = useSave();
  const [tested, setTested] = useState<RuleTest>();
  const [edits, setEdits] = useState(false);
  const isOn = rule.state !== "paused" && rule.state !== "disabled";
  const barred = role.value === "read" || save.busy || rule.state === "disabled";
  const send = (what: string) =>
    save.run(() => asked(() => post(`/api/rules/${what}`, { rule: rule.name }), again, ""));
  const test = () => save.run(() => asked(() => post<RuleTest>("/api/rules/test", { rule: rule.name }), setTested, ""));
  const take = () =>
    save.run(async () => {
      const done = resultOf(await removeTable({ table: "rule", item: rule.name }), () => false);
      again();
      return done;
    });
  const finish = () => {
    setEdits(false);
    again();
  };
  return (
    <li data-rule={rule.name} data-state={rule.state}>
      <div class="rule">
        <div>
          <b>{rule.name}</b>
          <p>{ruleText(rule, deviceOf)}</p>
          <p class="small soft" data-part="state">
            {stateText(rule)}
          </p>
          {rule.last && <p class="small soft">{say("rules.last", { at: at(rule.last), why: rule.last_text })}</p>}
        </div>
        <button
          type="button"
          class="switch"
          aria-label={say("rules.switch", { name: rule.name })}
          aria-pressed={isOn}
          aria-busy={save.busy}
          aria-disabled={barred ? true : undefined}
          onClick={() => !barred && void send(isOn ? "pause" : "resume")}
        >
          <span class="track" />
        </button>
      </div>
      <div class="row-of">
        <button
          type="button"
          onClick={() => (tested ? setTested(undefined) : void test())}
          aria-expanded={Boolean(tested)}
        >
          {say("rules.test")}
        </button>
        {role.value === "control" && (
          <>
            {rule.trigger !== "while" && rule.state !== "broken" && rule.state !== "disabled" && (
              <button type="button" onClick={() => void send("run")}>
                {say("rules.run")}
              </button>
            )}
            <button type="button" aria-expanded={edits} onClick={() => setEdits(!edits)}>
              {say("rules.edit")}
            </button>
            <button type="button" onClick={() => void take()}>
              {say("rules.delete")}
            </button>
          </>
        )}
      </div>
      <Saved save={save} />
      {tested && <Tested test={tested} />}
      {edits && <TextForm rule={rule} done={finish} />}
    </li>
  );
}

/** What it would have done. */
function Tested({ test }: { test: RuleTest }) {
  const left = test.lines.length - SHOWN_LINES + test.left_off;
  if (test.problems.length) return <Notice kind="fault">{test.problems.join(" ")}</Notice>;
  if (!test.lines.length) return <Notice>{say("rules.test_none")}</Notice>;
  return (
    <div class="card tested" role="status">
      <p class="small soft">{say("rules.test_done")}</p>
      <ul>
        {test.lines.slice(0, SHOWN_LINES).map((line, place) => (
          <li key={place}>
            <time>{clockText(Date.parse(line.at) / 1000, timezone.value)}</time>{" "}
            {line.kind === "command" && line.value !== null && line.value !== undefined
              ? `${nameAt(line.device)}: ${switchText(line.value)}`
              : line.text}{" "}
            {line.kind === "command" && <span class="small soft">{line.because}</span>}
          </li>
        ))}
      </ul>
      {left > 0 && <p class="small soft">{say("rules.test_more", { count: left })}</p>}
    </div>
  );
}

/** The keys of a rule as the file has them: a list has a line for each of its items. */
function TextForm({ rule, done }: { rule: Rule; done: () => void }) {
  const save = useSave();
  const keys = TEXT_KEYS.filter(
    (key) => editedText(rule.keys[key]) !== undefined && (key in rule.keys || !["at", "when", "while"].includes(key)),
  );
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const submit = (event: Event) => {
    event.preventDefault();
    const changed = Object.fromEntries(
      keys.filter((key) => drafts[key] !== undefined).map((key) => [key, keyOf(drafts[key] ?? "")]),
    );
    void save
      .run(async () => resultOf(await changeTable({ table: "rule", item: rule.name }, changed), () => false))
      .then((isSaved) => isSaved && done());
  };
  return (
    <form class="card rule-form" onSubmit={submit}>
      {keys.map((key) => {
        const text = drafts[key] ?? editedText(rule.keys[key]) ?? "";
        return (
          // biome-ignore lint/a11y/noLabelWithoutControl: it has one of two
          <label class="field" key={key}>
            <span>
              <code>{key}</code>
            </span>
            {LIST_KEYS.includes(key) ? (
              <textarea
                value={text}
                rows={text.split("\n").length}
                maxLength={2000}
                onInput={(event) => setDrafts({ ...drafts, [key]: event.currentTarget.value })}
              />
            ) : (
              <input
                value={text}
                maxLength={300}
                onInput={(event) => setDrafts({ ...drafts, [key]: event.currentTarget.value })}
              />
            )}
          </label>
        );
      })}
      <p class="small soft whole">{say("rules.text_help")}</p>
      <div class="row-of whole">
        <button type="submit" class="main" aria-busy={save.busy}>
          {say("rules.save")}
        </button>
      </div>
      <Saved save={save} />
    </form>
  );
}

function stateText(rule: Rule): string {
  const next = rule.next ? say("rules.next", { at: at(rule.next) }) : "";
  switch (rule.state) {
    case "active":
      return say("rules.state_active", { since: at(rule.since) });
    case "waiting":
      return say("rules.state_waiting");
    case "blocked":
      return rule.others.length
        ? say("rules.state_blocked", { others: rule.others.join(", ") })
        : say("rules.state_blocked_by_timer");
    case "released":
      return say("rules.state_released");
    case "paused":
      return say("rules.state_paused");
    case "disabled":
      return say("rules.state_disabled");
    case "broken":
      return say("rules.state_broken", { why: rule.problem });
  }
  return [say("rules.state_idle"), next].filter(Boolean).join(", ");
}

function nameAt(id: string): string {
  const device = deviceOf(id);
  return device ? nameOf(device) : id;
}

function at(iso: string): string {
  return timeText(Date.parse(iso) / 1000, now.value, timezone.value);
}
