/** A command to a home, and what became of it. */
import { now } from "../../data/live";
import { timeText } from "../../text/format";
import { say } from "../../text/words";
import { placeOfHome } from "../paths";
import type { FleetCommand } from "../shapes";
import { commandText, fateText, isOpen, lookOf } from "./fate";

/** `isNamed`: with the name of its home. */
export function CommandLine({
  command,
  zone,
  isNamed = false,
}: {
  command: FleetCommand;
  zone: string;
  isNamed?: boolean;
}) {
  const time = (text: string) => timeText(Date.parse(text) / 1000, now.value, zone);
  const by = isOpen(command)
    ? say("fleet.given_until", { who: command.who, time: time(command.at), until: time(command.until) })
    : say("fleet.given", { who: command.who, time: time(command.at) });
  return (
    <li class="command" data-fate={command.state}>
      <div>
        {isNamed && (
          <>
            <a href={placeOfHome(command.home)}>
              <bdi>{command.name || command.home}</bdi>
            </a>
            {" · "}
          </>
        )}
        <bdi>{commandText(command)}</bdi>
        <p class="small">{by}</p>
      </div>
      <span class="pill" data-fate={lookOf(command)}>
        {fateText(command, now.value, zone)}
      </span>
    </li>
  );
}
