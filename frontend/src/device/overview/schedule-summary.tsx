/** The rules that the device keeps by itself, in short. */
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import { placeOf } from "../places";
import { daysText, ruleText } from "../schedule/rules";

export function ScheduleSummary({ device }: { device: Device }) {
  const rules = device.schedule;
  return (
    <section aria-labelledby="schedule">
      <div class="sec">
        <h2 id="schedule">{say("device.schedule")}</h2>
        {rules && (
          <a class="quiet" href={`${placeOf(device.id, "settings")}?show=schedule`}>
            {say("device.edit")}
          </a>
        )}
      </div>
      {!rules?.length && <p class="soft">{say(rules ? "device.no_rules" : "device.schedule_awaited")}</p>}
      <ul class="entries">
        {rules?.map((rule) => (
          <li key={rule.id}>
            <div>
              {ruleText(rule)}
              <p class="small soft">{[rule.name, daysText(rule)].filter(Boolean).join(", ")}</p>
            </div>
            {!rule.enabled && <span class="soft">{say("device.rule_paused")}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
