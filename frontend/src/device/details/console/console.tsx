/** The serial console of a device: a prompt with completion, answers as tables, the board's log and its last start. */
import { now, role, timezone } from "../../../data/live";
import { Fact } from "../../../parts/fact";
import type { Device } from "../../../data/shapes";
import { say, sayIfKnown } from "../../../text/words";
import { Answers } from "./answers-list";
import "./console.css";
import { BoardLog } from "./log-list";
import { Prompt } from "./prompt";
import { hasStartReport, startGroups } from "./start-report";

export function Console({ device }: { device: Device }) {
  return (
    <>
      <section class="console" aria-labelledby="console">
        <h2 id="console">{say("console.title")}</h2>
        {role.value === "read" ? <p class="soft">{say("console.read_only")}</p> : <Prompt device={device} />}
        <Answers device={device} />
      </section>
      <BoardLog device={device} />
      <LastStart device={device} />
    </>
  );
}

function LastStart({ device }: { device: Device }) {
  return (
    <section class="last-start" aria-labelledby="last-start">
      <h2 id="last-start">{say("console.last_start")}</h2>
      {!hasStartReport(device) && <p class="soft">{say("console.no_start")}</p>}
      {hasStartReport(device) && (
        <div class="groups">
          {startGroups(device, now.value, timezone.value).map((group) => (
            <div key={group.key}>
              <h3>{sayIfKnown(`console.group_${group.key}`, group.key)}</h3>
              <dl class="facts">
                {group.rows.map((row) => (
                  <Fact key={row.name} name={row.name}>
                    {row.value}
                  </Fact>
                ))}
              </dl>
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
