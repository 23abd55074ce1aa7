/** The Rules page: all schedules and rules in words, timers, and a form for a new one. */
import { useEffect } from "preact/hooks";

import { remove } from "../data/http";
import { connection, deviceOf, now, role, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { load } from "../device/settings/configuration";
import { nameOf } from "../devices/points";
import { Notice } from "../parts/notice";
import { NewRule } from "../rules/new-rule";
import { RuleRow } from "../rules/rule-row";
import { switchText, type Rules } from "../rules/sentence";
import { timeText } from "../text/format";
import { say } from "../text/words";
import "./settings.css";
import "./rules.css";

const POLL_MS = 3_000;

export function RulesPage() {
  const { value, error, again } = usePolled<Rules>("/api/rules", POLL_MS);
  const mayChange = role.value === "control";
  const live = connection.value === "live";
  useEffect(() => {
    if (mayChange && live) void load();
  }, [mayChange, live]);
  const rules = value?.rules ?? [];
  return (
    <main class="prefs rules">
      <p class="small back">
        <a href="/settings#tools">{say("app.settings")}</a>
      </p>
      <h1>{say("rules.title")}</h1>
      <p class="soft">{say("rules.lead")}</p>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {value && !rules.length && <Notice>{say("rules.none")}</Notice>}
      <ul class="rule-list">
        {rules.map((rule) => (
          <RuleRow key={rule.name} rule={rule} again={again} />
        ))}
      </ul>
      {value && value.timers.length > 0 && <Timers view={value} again={again} />}
      {mayChange && (value || error) && (
        <section aria-labelledby="new-rule">
          <h2 id="new-rule">{say("rules.new")}</h2>
          <NewRule taken={rules.map((rule) => rule.name)} again={again} />
        </section>
      )}
    </main>
  );
}

function Timers({ view, again }: { view: Rules; again: () => void }) {
  return (
    <section aria-labelledby="timers">
      <h2 id="timers">{say("rules.timers")}</h2>
      <ul class="rule-list">
        {view.timers.map((one) => {
          const device = deviceOf(one.device);
          const at = timeText(Date.parse(one.until) / 1000, now.value, timezone.value);
          return (
            <li key={`${one.device}.${one.point}`} class="rule">
              <p>
                {say("rules.timer", { device: device ? nameOf(device) : one.device, value: switchText(one.value), at })}
              </p>
              {role.value === "control" && (
                <button
                  type="button"
                  onClick={() => void remove("/api/timers", { device: one.device, point: one.point }).finally(again)}
                >
                  {say("rules.stop")}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
