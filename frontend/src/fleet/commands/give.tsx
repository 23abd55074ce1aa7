/** The form of a command: which homes, which device, what, until when. Before it is sent, it is said for which homes it is. */
import { useId, useState } from "preact/hooks";

import { HubError, post } from "../../data/http";
import { usePolled } from "../../data/polled";
import { STATES } from "../homes/filters";
import { countText as count, stateName } from "../homes/words";
import { Notice } from "../../parts/notice";
import { countText } from "../../text/format";
import { Names, sayWith } from "../../text/rich";
import { say, type Id } from "../../text/words";
import { NO_FILTER, organisations } from "../live";
import type { Filter, FleetHome, HomeState, SentCommands } from "../shapes";
import { bodyOf, isComplete, NO_DRAFT, sorted, type Draft } from "./form";

const UNTIL_NAMES: readonly (readonly [number, Id])[] = [
  [600, "fleet.until_10min"],
  [3600, "fleet.until_1h"],
  [6 * 3600, "fleet.until_6h"],
  [86_400, "fleet.until_1d"],
  [7 * 86_400, "fleet.until_7d"],
]; // s
const MOST_NAMED = 5; // homes whose names are said

/** `home`: the only one; "" = those of a filter. */
export function Give({ home, sent }: { home: string; sent: (batch: string) => void }) {
  const [draft, setDraft] = useState<Draft>(NO_DRAFT);
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [checked, setChecked] = useState<SentCommands>();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const { value: only } = usePolled<FleetHome>(home ? `/api/fleet/homes/${home}` : undefined);
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    setChecked(undefined);
  };
  const choose = (part: Partial<Filter>) => {
    setFilter({ ...filter, ...part });
    setChecked(undefined);
  };
  const where = home ? { homes: [home] } : { filter };
  /** What is sent goes to the homes that were checked, whatever the filter finds by then. */
  const ask = async (able?: readonly string[]) => {
    setBusy(true);
    setProblem("");
    try {
      const answer = await post<SentCommands>(
        "/api/fleet/commands",
        bodyOf(draft, able ? { homes: able } : where, !able),
      );
      if (!able) setChecked(answer);
      else sent(answer.batch);
    } catch (error) {
      setProblem(error instanceof HubError ? error.message : String(error));
    }
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (isComplete(draft) && !busy) void ask();
  };
  const found = checked && sorted(checked);
  return (
    <form class="card give" onSubmit={submit}>
      <h2>{home ? sayWith("fleet.give_to", { home: <bdi>{only?.row.name || home}</bdi> }) : say("fleet.give")}</h2>
      {home ? (
        <p>
          <a href="/commands">{say("fleet.give_many")}</a>
        </p>
      ) : (
        <Which filter={filter} change={choose} />
      )}
      <What draft={draft} change={change} home={only} />
      <div class="row-of">
        <button
          type="submit"
          class={found ? "" : "main"}
          aria-busy={busy}
          aria-disabled={!isComplete(draft) || busy || undefined}
        >
          {say("fleet.check")}
        </button>
        {found && found.able.length > 0 && (
          <button type="button" class="main" aria-busy={busy} onClick={() => busy || void ask(found.able)}>
            {say(found.able.length === 1 ? "fleet.send_one" : "fleet.send_to", { count: countText(found.able.length) })}
          </button>
        )}
      </div>
      <div role="status">
        {found && (
          <>
            <p>
              {found.able.length
                ? say(found.able.length === 1 ? "fleet.goes_to_one" : "fleet.goes_to", {
                    count: countText(found.able.length),
                  })
                : say("fleet.goes_to_none")}
            </p>
            {found.problems.map(({ reason, homes }) => (
              <p key={reason} class="small">
                {count("fleet.count_home", homes.length)}: {reason} (<Names names={homes.slice(0, MOST_NAMED)} />
                {homes.length > MOST_NAMED && `, ${say("alert.more", { count: homes.length - MOST_NAMED })}`})
              </p>
            ))}
          </>
        )}
      </div>
      {problem && <Notice kind="fault">{problem}</Notice>}
    </form>
  );
}

function Which({ filter, change }: { filter: Filter; change: (part: Partial<Filter>) => void }) {
  return (
    <fieldset class="form-row">
      <legend>{say("fleet.which_homes")}</legend>
      {organisations.value.length > 1 && (
        <label class="field">
          <span>{say("fleet.organisation")}</span>
          <select
            value={filter.org === null ? "" : String(filter.org)}
            onChange={(event) =>
              change({ org: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })
            }
          >
            <option value="">{say("fleet.all_organisations")}</option>
            {organisations.value.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="field">
        <span>{say("fleet.state")}</span>
        <select
          value={filter.state}
          onChange={(event) => change({ state: event.currentTarget.value as HomeState | "" })}
        >
          <option value="">{say("fleet.all")}</option>
          {STATES.filter((one) => one !== "revoked").map((one) => (
            <option key={one} value={one}>
              {stateName(one)}
            </option>
          ))}
        </select>
      </label>
      <label class="field wide">
        <span>{say("fleet.search_for")}</span>
        <input
          type="search"
          maxLength={200}
          value={filter.q}
          onInput={(event) => change({ q: event.currentTarget.value })}
        />
      </label>
    </fieldset>
  );
}

/** Of one home its devices are offered; in many homes, devices are named by their id. */
function What({
  draft,
  change,
  home,
}: {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  home: FleetHome | undefined;
}) {
  const list = useId();
  return (
    <fieldset class="form-row">
      <legend>{say("fleet.what")}</legend>
      <label class="field">
        <span>{say(home ? "fleet.device" : "fleet.device_id")}</span>
        <input
          type="text"
          list={home ? list : undefined}
          maxLength={200}
          required
          spellcheck={false}
          autoCapitalize="none"
          autoComplete="off"
          value={draft.device}
          onInput={(event) => change({ device: event.currentTarget.value })}
        />
      </label>
      {home && (
        <datalist id={list}>
          {home.devices.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </datalist>
      )}
      <label class="field">
        <span>{say("fleet.set_to")}</span>
        <select value={draft.what} onChange={(event) => change({ what: event.currentTarget.value as Draft["what"] })}>
          <option value="on">{say("app.on")}</option>
          <option value="off">{say("app.off")}</option>
          <option value="other">{say("fleet.other_value")}</option>
        </select>
      </label>
      {draft.what === "other" && (
        <>
          <label class="field">
            <span>{say("fleet.point")}</span>
            <input
              type="text"
              maxLength={200}
              required
              spellcheck={false}
              autoCapitalize="none"
              value={draft.point}
              onInput={(event) => change({ point: event.currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>{say("fleet.value")}</span>
            <input
              type="text"
              maxLength={1000}
              required
              spellcheck={false}
              autoCapitalize="none"
              value={draft.value}
              onInput={(event) => change({ value: event.currentTarget.value })}
            />
          </label>
        </>
      )}
      <label class="field">
        <span>{say("fleet.counts_for")}</span>
        <select
          value={String(draft.until_s)}
          onChange={(event) => change({ until_s: Number(event.currentTarget.value) })}
        >
          {UNTIL_NAMES.map(([one, name]) => (
            <option key={one} value={String(one)}>
              {say(name)}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}
