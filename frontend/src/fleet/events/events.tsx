/** Events of all homes that let them out. */
import { go, query } from "../../routing/router";
import { kindName } from "../../settings/log";
import { say } from "../../text/words";
import { HERE } from "../here";
import { organisations } from "../live";
import { EventList } from "./list";

const KINDS = ["state", "command", "action", "rejected", "admitted", "left", "started"] as const;

export function EventsPage() {
  const org = query.value.get("org") ?? "";
  const kind = query.value.get("kind") ?? "";
  const show = (part: { org?: string; kind?: string }) => {
    const parameters = new URLSearchParams(Object.entries({ org, kind, ...part }).filter(([, value]) => value));
    go(parameters.size ? `/events?${parameters}` : "/events", true);
  };
  return (
    <main class="fleet-events">
      <h1>{say("fleet.events")}</h1>
      <div class="row-of">
        {organisations.value.length > 1 && (
          <select
            aria-label={say("fleet.organisation")}
            value={org}
            onChange={(event) => show({ org: event.currentTarget.value })}
          >
            <option value="">{say("fleet.all_organisations")}</option>
            {organisations.value.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {one.name}
              </option>
            ))}
          </select>
        )}
        <select
          aria-label={say("fleet.kind")}
          value={kind}
          onChange={(event) => show({ kind: event.currentTarget.value })}
        >
          <option value="">{say("fleet.all_kinds")}</option>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {kindName(one)}
            </option>
          ))}
        </select>
      </div>
      <EventList
        path="/api/fleet/events"
        query={{ org: org || undefined, kind: kind || undefined }}
        zone={HERE}
        isNamed
      />
    </main>
  );
}
