/** The people of an organisation, and what each may do. */
import { useState } from "preact/hooks";

import { post, putJson, remove } from "../../data/http";
import { usePolled } from "../../data/polled";
import { Notice } from "../../parts/notice";
import { Row, Section } from "../../settings/row";
import { asked, useSave } from "../../settings/save";
import { say } from "../../text/words";
import { session } from "../live";
import type { Done, FleetRole, NewPerson, Person } from "../shapes";
import { Choose, roleName, useOrganisation } from "./choose";

const ROLES: readonly FleetRole[] = ["viewer", "operator", "owner"];

export function PersonsSection() {
  const which = useOrganisation("owner");
  return (
    <Section id="persons" title={say("fleet.persons")} action={<Choose {...which} />}>
      {which.chosen && <Persons key={which.chosen.id} organisation={which.chosen.id} />}
    </Section>
  );
}

function Persons({ organisation }: { organisation: number }) {
  const path = `/api/fleet/organisations/${organisation}/persons`;
  const { value, error, again } = usePolled<Person[]>(path);
  const [made, setMade] = useState<NewPerson>();
  const add = (person: NewPerson) => {
    setMade(person);
    again();
  };
  return (
    <>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {!value && !error && <div class="skeleton place" aria-busy="true" />}
      <div class="list">
        {value?.map((one) => (
          <PersonRow key={one.id} person={one} path={path} again={again} show={setMade} />
        ))}
      </div>
      {made && <MadePassword key={made.password} made={made} />}
      <Add path={path} add={add} />
    </>
  );
}

/** A password that the fleet made: it is shown this once. */
function MadePassword({ made: { person, password } }: { made: NewPerson }) {
  return (
    <div class="card new-code" role="status">
      <div>
        <p>{say("fleet.password_once", { login: person.login })}</p>
        <p class="code">{password}</p>
      </div>
    </div>
  );
}

type RowProps = { person: Person; path: string; again: () => void; show: (made: NewPerson) => void };

function PersonRow({ person, path, again, show }: RowProps) {
  const save = useSave();
  const [isLeaving, setIsLeaving] = useState(false);
  const isOwn = person.id === session.value?.person;
  const name = person.name || person.login;
  const place = `${path}/${person.id}`;
  const setRole = (role: string) =>
    void save.run(() => asked(() => putJson<Person>(place, { role }), again, say("settings.saved")));
  const renew = () => void save.run(() => asked(() => post<NewPerson>(`${place}/password`, {}), show, ""));
  const leave = () => void save.run(() => asked(() => remove<Done>(place), again, ""));
  const below = isLeaving && (
    <>
      <p>{say("fleet.remove_person_sure", { name })}</p>
      <div class="row-of">
        <button type="button" onClick={() => setIsLeaving(false)}>
          {say("device.cancel")}
        </button>
        <button type="button" class="danger" onClick={leave}>
          {say("fleet.remove_person")}
        </button>
      </div>
    </>
  );
  return (
    <Row
      title={<bdi>{name}</bdi>}
      text={`${person.login}${isOwn ? ` · ${say("fleet.you")}` : ""}`}
      isStacked
      save={save}
      name="person"
      below={below}
    >
      <div class="row-of">
        <select
          aria-label={say("fleet.role_of", { name })}
          value={person.role}
          disabled={isOwn}
          onChange={(event) => setRole(event.currentTarget.value)}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {roleName(one)}
            </option>
          ))}
        </select>
        {!isOwn && (
          <>
            <button type="button" aria-label={say("fleet.new_password_of", { name })} onClick={renew}>
              {say("fleet.new_password")}
            </button>
            <button
              type="button"
              aria-label={say("fleet.remove_named", { name })}
              aria-expanded={isLeaving}
              onClick={() => setIsLeaving(!isLeaving)}
            >
              {say("fleet.remove_person")}
            </button>
          </>
        )}
      </div>
    </Row>
  );
}

function Add({ path, add }: { path: string; add: (made: NewPerson) => void }) {
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<FleetRole>("viewer");
  const save = useSave();
  const submit = async (event: Event) => {
    event.preventDefault();
    const isMade = await save.run(() =>
      asked(() => post<NewPerson>(path, { login: login.trim(), name: name.trim(), role }), add, ""),
    );
    if (isMade) {
      setLogin("");
      setName("");
    }
  };
  return (
    <form class="form-row add-person" onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>{say("fleet.login")}</span>
        <input
          type="text"
          maxLength={100}
          required
          spellcheck={false}
          autoCapitalize="none"
          autoComplete="off"
          value={login}
          onInput={(event) => setLogin(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{say("fleet.person_name")}</span>
        <input
          type="text"
          maxLength={200}
          autoComplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{say("fleet.role")}</span>
        <select value={role} onChange={(event) => setRole(event.currentTarget.value as FleetRole)}>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {roleName(one)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" aria-busy={save.busy}>
        {say("fleet.add_person")}
      </button>
      <p class="small soft">{say(`fleet.role_${role}_may`)}</p>
      {save.result && !save.result.isSaved && <Notice kind="fault">{save.result.text}</Notice>}
    </form>
  );
}
