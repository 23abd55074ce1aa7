/** Codes with which homes join an organisation: a new one is shown once, as text, as a command and as a picture. */
import { useState } from "preact/hooks";

import { post, remove } from "../../data/http";
import { now } from "../../data/live";
import { usePolled } from "../../data/polled";
import { Notice } from "../../parts/notice";
import { Row, Section } from "../../settings/row";
import { asked, useSave } from "../../settings/save";
import { copied } from "../../text/copy";
import { timeText } from "../../text/format";
import { say } from "../../text/words";
import { HERE } from "../here";
import type { Code, Done, OpenCode } from "../shapes";
import { Choose, useOrganisation } from "./choose";

const POLL_MS = 10_000;
const MINUTES: readonly (readonly [number, "fleet.for_15min" | "fleet.for_1h" | "fleet.for_1d"])[] = [
  [15, "fleet.for_15min"],
  [60, "fleet.for_1h"],
  [1440, "fleet.for_1d"],
];

export function JoinSection() {
  const which = useOrganisation("operator");
  return (
    <Section id="join" title={say("fleet.join")} action={<Choose {...which} />}>
      {which.chosen && <Codes key={which.chosen.id} organisation={which.chosen.id} />}
    </Section>
  );
}

function Codes({ organisation }: { organisation: number }) {
  const path = `/api/fleet/organisations/${organisation}/codes`;
  const { value: open, error, again } = usePolled<OpenCode[]>(path, POLL_MS);
  const [homes, setHomes] = useState("1");
  const [minutes, setMinutes] = useState(15);
  const [code, setCode] = useState<Code>();
  const save = useSave();
  const make = async (event: Event) => {
    event.preventDefault();
    const body = { homes: Math.max(1, Math.min(1000, Math.round(Number(homes)) || 1)), minutes };
    const isMade = await save.run(() => asked(() => post<Code>(path, body), setCode, ""));
    if (isMade) again();
  };
  return (
    <>
      <p class="soft small">{say("fleet.join_help")}</p>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <form class="form-row join-form" onSubmit={(event) => void make(event)}>
        <label class="field">
          <span>{say("fleet.for_homes")}</span>
          <input
            type="number"
            inputMode="numeric"
            min={1}
            max={1000}
            value={homes}
            onInput={(event) => setHomes(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{say("fleet.counts_for")}</span>
          <select value={String(minutes)} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
            {MINUTES.map(([one, name]) => (
              <option key={one} value={String(one)}>
                {say(name)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="main" aria-busy={save.busy}>
          {say("fleet.make_code")}
        </button>
      </form>
      {save.result && !save.result.isSaved && <Notice kind="fault">{save.result.text}</Notice>}
      {code && <NewCode key={code.code} code={code} />}
      <div class="list">
        {open?.map((one) => (
          <OpenRow key={one.id} code={one} path={path} again={again} />
        ))}
      </div>
    </>
  );
}

/** It is shown this once. */
function NewCode({ code }: { code: Code }) {
  const [isCopied, setIsCopied] = useState(false);
  const until = timeText(Date.parse(code.expires) / 1000, now.value, HERE);
  return (
    <div class="card new-code" role="status">
      <div>
        <p>{say("fleet.code_once", { time: until })}</p>
        <p class="code">{code.code}</p>
        <p class="small soft">{say("fleet.type_at_home")}</p>
        <p class="command-text">
          <code>{code.command}</code>
        </p>
        <button type="button" onClick={() => void copied(code.command).then(setIsCopied)}>
          {say(isCopied ? "fleet.copied" : "fleet.copy_command")}
        </button>
      </div>
      <img
        class="qr"
        width={200}
        height={200}
        alt={say("fleet.qr_label")}
        src={`data:image/svg+xml;utf8,${encodeURIComponent(code.qr)}`}
      />
    </div>
  );
}

function OpenRow({ code, path, again }: { code: OpenCode; path: string; again: () => void }) {
  const save = useSave();
  const until = timeText(Date.parse(code.expires) / 1000, now.value, HERE);
  const withdraw = () => void save.run(() => asked(() => remove<Done>(`${path}/${code.id}`), again, ""));
  return (
    <Row
      title={say("fleet.code_used", { used: code.used, homes: code.homes })}
      text={say("fleet.code_until", { who: code.who, time: until })}
      save={save}
      name="code"
    >
      <button type="button" aria-busy={save.busy} onClick={withdraw}>
        {say("fleet.withdraw")}
      </button>
    </Row>
  );
}
