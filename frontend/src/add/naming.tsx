/** The third step: what it is called, where it is and how it counts; then it is added, and live. */
import { effect } from "@preact/signals";
import { useEffect, useId, useState } from "preact/hooks";

import { byId, devices } from "../data/live";
import type { ConfigDifference, Device, Offer } from "../data/shapes";
import { nameOf } from "../devices/points";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import { Notice } from "../parts/notice";
import { go } from "../routing/router";
import { say } from "../text/words";
import { changesText } from "./changes";
import type { Followed } from "./follow";
import { KindIcon } from "./icons";
import { guessText, namesOf, roomsOf } from "./names";
import { titleOf } from "./offers";
import { Preview } from "./preview";
import { addressOf } from "./progress";
import { add, configuration, conflictOf, type NewDevice } from "./requests";
import { Feet } from "./steps";

const KNOWN_MS = 5_000; // within which a device that was added is on the page

type Props = { offer: Offer; followed: Followed; mark: (device: Device) => string };

export function NamingStep({ offer, followed, mark }: Props) {
  const { test } = followed;
  const proposal = test?.proposal ?? null;
  const present = devices.value.filter((one) => one.state !== "seen");
  const names = namesOf(proposal, test?.family || offer.family, present);
  const [typed, setTyped] = useState<string>();
  const [room, setRoom] = useState("");
  const [chosenParent, setParent] = useState<string>();
  const [produces, setProduces] = useState(false);
  const [changed, setChanged] = useState<readonly ConfigDifference[]>();
  const { state, follow } = useRevision();
  const error = useId();
  const name = typed ?? names[0] ?? titleOf(offer);
  const parent = chosenParent ?? proposal?.parent ?? "";
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    if (!name.trim()) return say("add.name_missing");
    const answer = await add(offer.id, state.revision, { name: name.trim(), room: room.trim(), parent, produces });
    const conflict = conflictOf(answer);
    setChanged(conflict?.changed);
    if (conflict) follow(conflict.revision);
    if (!answer.value) return conflict ? "" : answer.refusal;
    await shown(answer.value.device);
    go("/");
    return "";
  });
  const device: NewDevice = { name, room, parent, produces };
  return (
    <form class="naming" noValidate onSubmit={submit}>
      <h1>{say("add.naming_title")}</h1>
      <p class="lead">{proposal?.guess ? guessText(proposal.guess) : say("add.naming_lead")}</p>
      {(state.problem || test?.phase === "failed") && (
        <Notice kind="fault">{state.problem || say("add.gone_meanwhile", { problem: test?.problem ?? "" })}</Notice>
      )}
      <Name
        value={name}
        names={names}
        invalid={refusal !== ""}
        error={error}
        onChange={(text) => {
          setTyped(text);
          forget();
        }}
      />
      <Room value={room} rooms={roomsOf(present)} onChange={setRoom} />
      <Counting
        parents={parentsOf(proposal?.parents, present)}
        parent={parent}
        produces={produces}
        onParent={setParent}
        onProduces={setProduces}
      />
      <h2>{say("add.preview")}</h2>
      <Preview device={device} test={test} mark={mark} />
      {changed && (
        <Notice>
          {changed.length ? say("add.conflict", { changes: changesText(changed) }) : say("add.conflict_unknown")}
        </Notice>
      )}
      <Refusal id={error} text={refusal} />
      <Feet back={addressOf(offer.id)}>
        <Submit busy={busy} barred={!state.revision}>
          {say(busy ? "add.adding" : changed ? "add.all_the_same" : "add.add_it")}
        </Submit>
      </Feet>
    </form>
  );
}

/** The revision that the change is based on: that of the moment when the form appeared. */
function useRevision() {
  const [state, setState] = useState({ revision: "", problem: "" });
  useEffect(() => {
    void configuration().then(({ value, refusal }) =>
      setState({ revision: value?.revision ?? "", problem: value ? value.unwritable || value.problem : refusal }),
    );
  }, []);
  return { state, follow: (revision: string) => setState({ revision, problem: "" }) };
}

/** Wait until a device is on the page. */
function shown(id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (byId.value.has(id)) resolve();
    });
    setTimeout(() => {
      stop();
      resolve();
    }, KNOWN_MS);
  });
}

type NameProps = {
  value: string;
  names: readonly string[];
  invalid: boolean;
  error: string;
  onChange: (name: string) => void;
};

function Name({ value, names, invalid, error, onChange }: NameProps) {
  const field = useId();
  return (
    <>
      <div class="field">
        <label for={field}>{say("add.name")}</label>
        <input
          id={field}
          value={value}
          autoComplete="off"
          aria-invalid={invalid}
          aria-describedby={error}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </div>
      <div class="chips" role="group" aria-label={say("add.names")}>
        {names.map((one) => (
          <button key={one} type="button" class="chip" aria-pressed={one === value} onClick={() => onChange(one)}>
            {one}
          </button>
        ))}
      </div>
    </>
  );
}

function Room({
  value,
  rooms,
  onChange,
}: {
  value: string;
  rooms: readonly string[];
  onChange: (room: string) => void;
}) {
  const [isNew, setNew] = useState(false);
  const [heading, field] = [useId(), useId()];
  const choose = (room: string) => {
    setNew(false);
    onChange(room === value && !isNew ? "" : room);
  };
  return (
    <>
      <h2 id={heading}>{say("add.room")}</h2>
      <div class="chips" role="group" aria-labelledby={heading}>
        {rooms.map((one) => (
          <button
            key={one}
            type="button"
            class="chip"
            aria-pressed={!isNew && one === value}
            onClick={() => choose(one)}
          >
            {one}
          </button>
        ))}
        <button
          type="button"
          class="chip"
          aria-pressed={isNew}
          onClick={() => {
            setNew(true);
            onChange("");
          }}
        >
          <KindIcon of="plus" />
          {say("add.new_room")}
        </button>
      </div>
      {isNew && (
        <div class="field new-room">
          <label for={field}>{say("add.new_room_name")}</label>
          <input
            id={field}
            value={value}
            autoComplete="off"
            // biome-ignore lint/a11y/noAutofocus: the button that was just pressed asks for this name
            autoFocus
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        </div>
      )}
    </>
  );
}

type Parents = readonly { id: string; name: string }[];

function parentsOf(found: Parents | undefined, present: readonly Device[]): Parents {
  return found ?? present.filter((one) => one.points.length > 0).map((one) => ({ id: one.id, name: nameOf(one) }));
}

type CountingProps = {
  parents: Parents;
  parent: string;
  produces: boolean;
  onParent: (id: string) => void;
  onProduces: (produces: boolean) => void;
};

function Counting({ parents, parent, produces, onParent, onProduces }: CountingProps) {
  const field = useId();
  return (
    <fieldset class="counting">
      <legend>{say("add.counts")}</legend>
      {parents.length > 0 && (
        <select
          id={field}
          aria-label={say("add.counts")}
          value={parent}
          onChange={(event) => onParent(event.currentTarget.value)}
        >
          <option value="">{say("add.counts_alone")}</option>
          {parents.map((one) => (
            <option key={one.id} value={one.id}>
              {say("add.counts_inside", { parent: one.name || one.id })}
            </option>
          ))}
        </select>
      )}
      {parent && (
        <p class="small soft">
          {say("add.counts_inside_text", { parent: parents.find((one) => one.id === parent)?.name || parent })}
        </p>
      )}
      <label class="check">
        <input type="checkbox" checked={produces} onChange={(event) => onProduces(event.currentTarget.checked)} />
        {say("add.produces")}
      </label>
    </fieldset>
  );
}
