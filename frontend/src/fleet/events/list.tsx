/** A list of events, the newest first, by day; older ones as they are asked for. */
import { useEffect, useState } from "preact/hooks";

import { address, get, HubError, type Query } from "../../data/http";
import { now } from "../../data/live";
import { usePolled } from "../../data/polled";
import type { HubEvent } from "../../data/shapes";
import { Notice } from "../../parts/notice";
import { byDay, eventText, isProblem, kindName } from "../../settings/log";
import { clockText } from "../../text/format";
import { say } from "../../text/words";
import { placeOfHome } from "../paths";
import type { FleetEvent, FleetEvents } from "../shapes";
import "./events.css";

const POLL_MS = 15_000;
const PAGE = 100;

type Props = { path: string; query: Query; zone: string; isNamed: boolean };

export function EventList({ path, query, zone, isNamed }: Props) {
  const asked = { ...query, limit: PAGE };
  const { value, error, again } = usePolled<FleetEvents>(path, POLL_MS, asked);
  const [older, setOlder] = useState<{ of: string; pages: FleetEvents[] }>({ of: "", pages: [] });
  const [failure, setFailure] = useState("");
  const place = address(path, asked);
  const pages = older.of === place ? older.pages : [];
  useEffect(() => setFailure(""), [place]);
  const next = (pages.at(-1) ?? value)?.next;
  const load = async () => {
    try {
      const page = await get<FleetEvents>(address(path, { ...asked, after: next ?? undefined }));
      setOlder({ of: place, pages: [...pages, page] });
      setFailure("");
    } catch (problem) {
      setFailure(problem instanceof HubError ? problem.message : String(problem));
    }
  };
  const events = merged([...(value ? [value] : []), ...pages]);
  const days = byDay(events, Math.floor(now.value / 60) * 60, zone);
  return (
    <div class="fleet-log">
      {(error || failure) && (
        <Notice kind="fault" again={error ? again : () => void load()}>
          {error || failure}
        </Notice>
      )}
      {!value && !error && <div class="skeleton tall" aria-busy="true" />}
      {value && !events.length && <p class="soft">{say("hub.log_empty")}</p>}
      {days.map(({ day, events: ofDay }) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ol>
            {ofDay.map((event) => (
              <Entry
                key={`${(event as Shown).home} ${(event as Shown).number}`}
                event={event as Shown}
                zone={zone}
                isNamed={isNamed}
              />
            ))}
          </ol>
        </section>
      ))}
      {next && (
        <p class="more-line">
          <button type="button" onClick={() => void load()}>
            {say("fleet.older")}
          </button>
        </p>
      )}
    </div>
  );
}

/** An event in the form of a hub, with its home. */
type Shown = HubEvent & { home: string; name: string; number: number };

/** All events of some pages, each once; of the newest page, those that came meanwhile are in it too. */
function merged(pages: readonly FleetEvents[]): Shown[] {
  const found = new Map<number, FleetEvent>();
  for (const event of pages.flatMap((one) => one.events)) found.set(event.number, event);
  return [...found.values()]
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at) || other.number - one.number)
    .map(({ text, ...event }) => ({ ...event, words: text }) as unknown as Shown);
}

function Entry({ event, zone, isNamed }: { event: Shown; zone: string; isNamed: boolean }) {
  return (
    <li data-problem={isProblem(event)}>
      <time dateTime={event.at}>{clockText(Date.parse(event.at) / 1000, zone)}</time>
      <p>
        {isNamed && (
          <a class="who" href={placeOfHome(event.home)}>
            <bdi>{event.name || event.home}</bdi>
          </a>
        )}
        <span class="soft small kind">{kindName(event.kind)}</span>
        {event.device && <bdi>{event.device}: </bdi>}
        {eventText(event)}
      </p>
    </li>
  );
}
