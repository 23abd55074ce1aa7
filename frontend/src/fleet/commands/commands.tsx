/** Commands: one to many homes, and what became of each. */
import { useEffect, useState } from "preact/hooks";

import { address, get, HubError } from "../../data/http";
import { usePolled } from "../../data/polled";
import { Notice } from "../../parts/notice";
import { go, query } from "../../routing/router";
import { countText } from "../../text/format";
import { say } from "../../text/words";
import { HERE } from "../here";
import { may, onChanges, watch } from "../live";
import type { Commands, Fate, FleetCommand } from "../shapes";
import { fateName, isOpen, lookOf } from "./fate";
import { Give } from "./give";
import { CommandLine } from "./line";
import "./commands.css";

const POLL_MS = 10_000;
const PAGE = 100;

export function CommandsPage() {
  const home = query.value.get("home") ?? "";
  const batch = query.value.get("batch") ?? "";
  const state = query.value.get("state") ?? "";
  return (
    <main class="fleet-commands">
      <h1>{say("fleet.commands")}</h1>
      {batch ? (
        <p>
          <a class="back" href={home ? `/commands?home=${home}` : "/commands"}>
            {say("fleet.all_commands")}
          </a>
        </p>
      ) : may("operator") ? (
        <Give key={home} home={home} sent={(made) => go(`/commands?batch=${made}`)} />
      ) : (
        <Notice>{say("fleet.viewer_no_commands")}</Notice>
      )}
      <Given home={home} batch={batch} state={state} />
    </main>
  );
}

type Which = { home: string; batch: string; state: string };

function Given({ home, batch, state }: Which) {
  const asked = { home: home || undefined, batch: batch || undefined, state: state || undefined, limit: PAGE };
  const { value, error, again } = usePolled<Commands>("/api/fleet/commands", POLL_MS, asked);
  const place = address("/api/fleet/commands", asked);
  const fresh = useFresh(batch);
  const [older, setOlder] = useState<{ of: string; pages: Commands[] }>({ of: "", pages: [] });
  const [failure, setFailure] = useState("");
  const pages = older.of === place ? older.pages : [];
  const next = (pages.at(-1) ?? value)?.next;
  const load = async () => {
    try {
      const page = await get<Commands>(address("/api/fleet/commands", { ...asked, after: next ?? undefined }));
      setOlder({ of: place, pages: [...pages, page] });
      setFailure("");
    } catch (problem) {
      setFailure(problem instanceof HubError ? problem.message : String(problem));
    }
  };
  const commands = merged([...(value ? [value] : []), ...pages], fresh);
  return (
    <section aria-labelledby="given">
      <h2 id="given">{say(batch ? "fleet.this_command" : "fleet.given_before")}</h2>
      {batch && value && <States states={value.states} state={state} batch={batch} />}
      {(error || failure) && (
        <Notice kind="fault" again={error ? again : () => void load()}>
          {error || failure}
        </Notice>
      )}
      {!value && !error && <div class="skeleton tall" aria-busy="true" />}
      {value && !commands.length && <p class="soft">{say("fleet.no_commands")}</p>}
      <ul class="lines">
        {commands.map((one) => (
          <CommandLine key={one.id} command={one} zone={HERE} isNamed />
        ))}
      </ul>
      {next && (
        <p class="more-line">
          <button type="button" onClick={() => void load()}>
            {say("fleet.older")}
          </button>
        </p>
      )}
    </section>
  );
}

/** How many homes are in each state; each is a filter. */
function States({ states, state, batch }: { states: Commands["states"]; state: string; batch: string }) {
  const all = Object.values(states).reduce((sum, one) => sum + one, 0);
  const to = (one: string) => go(`/commands?batch=${batch}${one ? `&state=${one}` : ""}`, true);
  return (
    <div class="chips" role="group" aria-label={say("fleet.state")}>
      <button type="button" class="chip" aria-pressed={state === ""} onClick={() => to("")}>
        {say("fleet.all")} <span class="count">{countText(all)}</span>
      </button>
      {Object.entries(states)
        .filter(([, count]) => count > 0)
        .map(([one, count]) => (
          <button
            key={one}
            type="button"
            class="chip"
            data-fate={lookOf({ state: one as Fate })}
            aria-pressed={state === one}
            onClick={() => to(state === one ? "" : one)}
          >
            {fateName(one as Fate)} <span class="count">{countText(count)}</span>
          </button>
        ))}
    </div>
  );
}

/** The commands of a batch as the stream says that they have changed. */
function useFresh(batch: string): ReadonlyMap<string, FleetCommand> {
  const [fresh, setFresh] = useState<ReadonlyMap<string, FleetCommand>>(new Map());
  useEffect(() => {
    setFresh(new Map());
    watch({ commands: batch });
    const stop = onChanges(({ commands }) => {
      if (commands?.length)
        setFresh((known) => new Map([...known, ...commands.map((one): [string, FleetCommand] => [one.id, one])]));
    });
    return () => {
      stop();
      watch({ commands: "" });
    };
  }, [batch]);
  return fresh;
}

/** Each command once, with the newest that is known of it. */
function merged(pages: readonly Commands[], fresh: ReadonlyMap<string, FleetCommand>): FleetCommand[] {
  const found = new Map<string, FleetCommand>();
  for (const one of pages.flatMap((page) => page.commands)) {
    const other = fresh.get(one.id);
    if (!found.has(one.id)) found.set(one.id, other && isOpen(one) ? other : one);
  }
  return [...found.values()];
}
