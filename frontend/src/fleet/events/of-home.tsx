/** The events of one home, as its own page shows them. */
import { say } from "../../text/words";
import type { FleetHome } from "../shapes";
import { EventList } from "./list";

export function EventsOfHome({ home }: { home: FleetHome }) {
  if (!home.let_out.events)
    return <p class="soft">{say(home.hello === null ? "fleet.says_nothing_yet" : "fleet.no_events_out")}</p>;
  return <EventList path={`/api/fleet/homes/${home.row.id}/events`} query={{}} zone={home.timezone} isNamed={false} />;
}
