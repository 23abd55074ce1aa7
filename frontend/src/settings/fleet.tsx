/** The fleet of many homes that this one is in: join with a code, see what leaves the home, leave. */
import { useState } from "preact/hooks";

import type { components } from "../api";
import { post, remove } from "../data/http";
import { now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { load } from "../device/settings/configuration";
import { timeText } from "../text/format";
import { say } from "../text/words";
import { Row } from "./row";
import { asked, useSave } from "./save";
import { TableRows } from "./table-form";
import type { Table } from "./tables";
import { bytesText } from "./text";

type View = components["schemas"]["UplinkView"];

const POLL_MS = 30_000;
const ADDRESS = "/api/uplink";

/** `table`: [fleet] of the configuration; only for a login that may change something. */
export function Fleet({ table, bar }: { table: Table; bar: string }) {
  const { value, again } = usePolled<View>(ADDRESS, POLL_MS);
  const [left, setLeft] = useState("");
  const refresh = () => {
    again();
    void load();
  };
  const leave = ({ problem }: View) => {
    setLeft([say("settings.fleet_left"), problem].filter(Boolean).join(" "));
    refresh();
  };
  return (
    <section aria-labelledby="fleet">
      <h3 id="fleet">{table.name || table.table}</h3>
      {table.is_there ? (
        <>
          <p>{letOutText(table.keys)}</p>
          {value && <p class="soft">{[value.since && memberText(value), value.text].filter(Boolean).join(" ")}</p>}
          <div class="list">
            <TableRows table={table} bar={bar} />
            <Leave take={leave} bar={bar} />
          </div>
        </>
      ) : (
        <>
          <p class="soft" role="status">
            {left}
          </p>
          <div class="list">
            <Join
              refresh={() => {
                setLeft("");
                refresh();
              }}
              bar={bar}
            />
          </div>
        </>
      )}
    </section>
  );
}

const LEVELS = ["nothing", "energy", "quarter", "minute", "raw"] as const;
const GRANTS = ["names", "events", "questions", "control"] as const;

/** `What leaves this home: quarters of an hour, events.` */
function letOutText(keys: Table["keys"]): string {
  const level = LEVELS.find((one) => one === keys.level) ?? "quarter";
  const granted = GRANTS.filter((one) => keys[one] === true).map((one) => say(`settings.fleet_${one}`));
  return say("settings.fleet_lets", { what: [say(`settings.fleet_level_${level}`), ...granted].join(", ") });
}

function memberText({ organisation, url, since, sent, bytes }: View): string {
  const time = since ? timeText(Date.parse(since) / 1000, now.peek(), timezone.value) : "";
  return say("settings.fleet_sent", { organisation: organisation || url, time, sent, size: bytesText(bytes) });
}

function Join({ refresh, bar }: { refresh: () => void; bar: string }) {
  const save = useSave();
  const [code, setCode] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (bar || !code.trim()) return;
    const isSaved = await save.run(() =>
      asked(() => post<View>(ADDRESS, { code: code.trim() }), refresh, say("settings.fleet_joined")),
    );
    if (isSaved) setCode("");
  };
  return (
    <Row
      title={<label for="fleet-code">{say("settings.fleet_join")}</label>}
      text={say("settings.fleet_join_help")}
      isStacked
      save={save}
      name="fleet"
    >
      <form class="one-line" onSubmit={(event) => void submit(event)}>
        <input
          id="fleet-code"
          type="text"
          maxLength={400}
          autocomplete="off"
          spellcheck={false}
          value={code}
          placeholder={say("settings.fleet_code")}
          disabled={bar !== ""}
          title={bar || undefined}
          onInput={(event) => {
            save.forget();
            setCode(event.currentTarget.value);
          }}
        />
        {code.trim() && (
          <button type="submit" class="main" aria-busy={save.busy}>
            {say("settings.fleet_join")}
          </button>
        )}
      </form>
    </Row>
  );
}

/** The second click leaves. */
function Leave({ take, bar }: { take: (view: View) => void; bar: string }) {
  const save = useSave();
  const [asks, setAsks] = useState(false);
  const leave = () => void save.run(() => asked(() => remove<View>(ADDRESS), take, ""));
  return (
    <Row
      title={say("settings.fleet_leave")}
      text={say("settings.fleet_leave_help")}
      isStacked
      save={save}
      name="leave-fleet"
    >
      <span class="row-of">
        {asks && (
          <button type="button" onClick={() => setAsks(false)}>
            {say("device.cancel")}
          </button>
        )}
        <button
          type="button"
          class="danger"
          disabled={bar !== ""}
          title={bar || undefined}
          aria-busy={save.busy}
          onClick={() => (asks ? leave() : setAsks(true))}
        >
          {say("settings.fleet_leave")}
        </button>
      </span>
    </Row>
  );
}
