/** What is decided about a home in the fleet: its name and place, what is wanted again, shutting it out, deleting it. */
import { useState } from "preact/hooks";

import { patch, post } from "../../data/http";
import { now } from "../../data/live";
import { NameRow } from "../../settings/name-row";
import { Row } from "../../settings/row";
import { ConfirmDialog } from "../../parts/dialog";
import { asked, useSave, type Result } from "../../settings/save";
import { bytesText } from "../../settings/text";
import { countText, timeText } from "../../text/format";
import { say } from "../../text/words";
import { may } from "../live";
import type { Done, FleetHome } from "../shapes";
import { forgotten } from "./forgotten";
import { levelText } from "./source";
import "../../pages/settings.css";

type Props = { home: FleetHome; refresh: () => void };

export function Manage({ home, refresh }: Props) {
  const { row, revoked } = home;
  const path = `/api/fleet/homes/${row.id}`;
  const change = (part: { name?: string; place?: string }) =>
    asked(() => patch<FleetHome>(path, part), refresh, say("settings.saved"));
  const [isOperator, isOwner] = [may("operator", row.organisation), may("owner", row.organisation)];
  return (
    <div class="prefs home-manage">
      <div class="list">
        {isOperator && (
          <>
            <NameRow
              id="home-name"
              title={say("fleet.home_name")}
              text={say("fleet.home_name_help")}
              value={row.name}
              name="home-name"
              change={(name) => change({ name })}
              isRequired
            />
            <NameRow
              id="home-place"
              title={say("fleet.home_place")}
              text={say("fleet.home_place_help")}
              value={row.place}
              name="home-place"
              change={(place) => change({ place })}
            />
          </>
        )}
        <Stored home={home} />
        {isOperator && !revoked && <Again path={path} refresh={refresh} />}
        {isOwner && (
          <>
            <Change
              name="revoke"
              title={say("fleet.revoke")}
              text={
                revoked
                  ? say("fleet.is_revoked_since", {
                      time: timeText(Date.parse(revoked) / 1000, now.value, home.timezone),
                    })
                  : say("fleet.revoke_help")
              }
              isDone={revoked !== null}
              sure={say("fleet.revoke_sure", { name: row.name || row.id })}
              about={say("fleet.revoke_text")}
              after={refresh}
              send={() => post<Done>(`${path}/revoke`, {})}
            />
            <Change
              name="forget"
              title={say("fleet.forget")}
              text={say("fleet.forget_help")}
              sure={say("fleet.forget_sure", { name: row.name || row.id })}
              about={say("fleet.forget_text")}
              after={({ text }) => (forgotten.value = { id: row.id, text })}
              send={() => post<Done>(`${path}/forget`, { confirmed: row.id })}
            />
          </>
        )}
      </div>
    </div>
  );
}

/** What the fleet has of the home, level by level. */
function Stored({ home: { stored, timezone } }: { home: FleetHome }) {
  const day = (at: string) => timeText(Date.parse(at) / 1000, now.value, timezone);
  return (
    <Row
      title={say("fleet.has_of_it")}
      text={stored.length ? undefined : say("fleet.has_nothing")}
      name="stored"
      isStacked
    >
      <dl class="stored">
        {stored.map((one) => (
          <div key={one.level}>
            <dt class="small">{levelText(one.level)}</dt>
            <dd class="small soft">
              {say("fleet.stored_line", {
                first: day(one.first),
                last: day(one.last),
                windows: countText(one.windows),
                size: bytesText(one.bytes),
              })}
            </dd>
          </div>
        ))}
      </dl>
    </Row>
  );
}

function Again({ path, refresh }: { path: string; refresh: () => void }) {
  const save = useSave();
  const [day, setDay] = useState("");
  const [isAsking, setIsAsking] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    if (day) setIsAsking(true);
  };
  const answer = (isSure: boolean) => {
    setIsAsking(false);
    if (isSure) void save.run(() => sent(() => post<Done>(`${path}/again`, { since: day }), refresh));
  };
  return (
    <Row
      title={<label for="again-since">{say("fleet.again")}</label>}
      text={say("fleet.again_help")}
      isStacked
      save={save}
      name="again"
    >
      <form class="one-line" onSubmit={submit}>
        <input
          id="again-since"
          type="date"
          required
          aria-label={say("fleet.again_since")}
          max={new Date(now.peek() * 1000).toISOString().slice(0, 10)}
          value={day}
          onInput={(event) => setDay(event.currentTarget.value)}
        />
        <button type="submit" aria-busy={save.busy}>
          {say("fleet.again")}
        </button>
      </form>
      {isAsking && (
        <ConfirmDialog title={say("fleet.again_sure", { day })} act={say("fleet.again")} answer={answer}>
          <p>{say("fleet.again_text")}</p>
        </ConfirmDialog>
      )}
    </Row>
  );
}

type ChangeProps = {
  name: string;
  title: string;
  text: string;
  sure: string;
  about: string;
  isDone?: boolean;
  send: () => Promise<Done>;
  after: (done: Done) => void;
};

/** A change that cannot be taken back, after a question. */
function Change({ name, title, text, sure, about, isDone = false, send, after }: ChangeProps) {
  const save = useSave();
  const [isAsking, setIsAsking] = useState(false);
  const answer = (isSure: boolean) => {
    setIsAsking(false);
    if (isSure) void save.run(() => sent(send, after));
  };
  return (
    <Row title={title} text={text} isStacked save={save} name={name}>
      {!isDone && (
        <button type="button" class="danger" aria-busy={save.busy} onClick={() => setIsAsking(true)}>
          {title}
        </button>
      )}
      {isAsking && (
        <ConfirmDialog title={sure} act={title} isDangerous answer={answer}>
          <p>{about}</p>
        </ConfirmDialog>
      )}
    </Row>
  );
}

/** What the fleet says to a change. */
async function sent(send: () => Promise<Done>, after: (done: Done) => void): Promise<Result> {
  let text = "";
  const take = (done: Done) => {
    text = done.text;
    after(done);
  };
  const result = await asked(send, take, "");
  return result.isSaved ? { ...result, text } : result;
}
