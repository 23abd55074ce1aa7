/** The rules that name a device, for its own page: in words, with a link to all rules. Nothing where there is none. */
import { deviceOf } from "../data/live";
import { usePolled } from "../data/polled";
import { say } from "../text/words";
import { ruleText, type Rules } from "./sentence";

const POLL_MS = 30_000;

export function RulesOfDevice({ id }: { id: string }) {
  const { value } = usePolled<Rules>("/api/rules", POLL_MS);
  const own = (value?.rules ?? []).filter((rule) => rule.devices.includes(id));
  if (!own.length) return null;
  return (
    <section aria-label={say("rules.of_device")} data-part="rules">
      <div class="sec">
        <h2>{say("rules.of_device")}</h2>
      </div>
      <ul>
        {own.map((rule) => (
          <li key={rule.name}>
            <b>{rule.name}</b> <span class="soft">{ruleText(rule, deviceOf)}</span>
          </li>
        ))}
      </ul>
      <p class="small">
        <a href="/rules">{say("rules.all")}</a>
      </p>
    </section>
  );
}
