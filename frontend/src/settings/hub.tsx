/** The hub itself, its tools, and what happened. */
import type { Hub } from "../data/shapes";
import { say, type Id } from "../text/words";
import { Log } from "./log-list";
import { Row, Section } from "./row";
import { durationText } from "./text";

export function HubSection({ hub }: { hub: Hub | undefined }) {
  const text = hub ? say("settings.version_for", { version: hub.version, time: durationText(hub.uptime_s) }) : "–";
  return (
    <Section id="hub" title={say("settings.hub")}>
      <div class="list">
        <Row title={say("settings.runs")} text={<span class="live">{text}</span>} name="version">
          <a class="button" href="#events">
            {say("settings.events")}
          </a>
        </Row>
      </div>
    </Section>
  );
}

const TOOLS: readonly (readonly [string, Id, Id])[] = [
  ["/rules", "rules.title", "rules.link_text"],
  ["/decode", "decode.title", "settings.decode_help"],
  ["/products", "products.title", "settings.products_help"],
  ["/docs/", "settings.docs", "settings.docs_help"],
  ["/api/openapi.json", "settings.api", "settings.api_help"],
];

export function Tools() {
  return (
    <Section id="tools" title={say("settings.tools")}>
      <div class="list">
        {TOOLS.map(([to, title, help]) => (
          <Row key={to} title={say(title)} text={say(help)}>
            <a class="button" href={to} aria-label={`${say("settings.open")}: ${say(title)}`}>
              {say("settings.open")}
            </a>
          </Row>
        ))}
      </div>
    </Section>
  );
}

export function Events() {
  return (
    <Section id="events" title={say("settings.events")}>
      <Log />
    </Section>
  );
}
