/** A row of the list, opened in place: the last 24 hours, what was sent last, open commands, and where to go from here. */
import { now } from "../../data/live";
import { usePolled } from "../../data/polled";
import { Notice } from "../../parts/notice";
import { timeText } from "../../text/format";
import { say } from "../../text/words";
import { CommandLine } from "../commands/line";
import { lastWindowText, letOutText } from "../home/source";
import { HomePower } from "../home/power";
import { HERE } from "../here";
import { may } from "../live";
import { placeOfHome } from "../paths";
import type { Commands, FleetHome, HomeRow } from "../shapes";
import { isOpen } from "../commands/fate";
import "../home/home.css";

const POLL_MS = 30_000;
const COMMANDS_MS = 5_000;
const MOST = 3; // commands that are shown

export function Opened({ row }: { row: HomeRow }) {
  const { value, error, again } = usePolled<FleetHome>(`/api/fleet/homes/${row.id}`, POLL_MS);
  const { value: found } = usePolled<Commands>("/api/fleet/commands", COMMANDS_MS, { home: row.id, limit: 20 });
  const open = (found?.commands ?? []).filter(isOpen);
  const home = value && { ...value, row };
  return (
    <div class="opened">
      <div class="opened-chart">
        {error && (
          <Notice kind="fault" again={again}>
            {error}
          </Notice>
        )}
        {home && <HomePower home={home} height={144} />}
      </div>
      <div>
        <ul class="lines">
          <li>
            <div>
              {row.seen
                ? say("fleet.last_sent", {
                    time: timeText(Date.parse(row.seen) / 1000, now.value, value?.timezone ?? "UTC"),
                  })
                : say("fleet.is_new")}
              <p class="small">
                {value
                  ? [
                      lastWindowText(value, now.value),
                      letOutText({ ...value, row }),
                      value.timezone !== HERE && say("fleet.times_of_zone", { zone: value.timezone }),
                    ]
                      .filter(Boolean)
                      .join(" ")
                  : ""}
              </p>
            </div>
          </li>
          {open.slice(0, MOST).map((one) => (
            <CommandLine key={one.id} command={one} zone={value?.timezone ?? "UTC"} />
          ))}
          {open.length > MOST && (
            <li>
              <a href={`/commands?home=${row.id}`}>{say("fleet.more_commands", { count: open.length - MOST })}</a>
            </li>
          )}
        </ul>
        <div class="row-of opened-do">
          <a class="button main" href={placeOfHome(row.id)}>
            {say("fleet.open_home")}
          </a>
          {may("operator", row.organisation) && (
            <a class="button" href={`/commands?home=${row.id}`}>
              {say("fleet.command")}
            </a>
          )}
          <a class="button" href={placeOfHome(row.id, "events")}>
            {say("fleet.events")}
          </a>
        </div>
      </div>
    </div>
  );
}
