/** The organisations of the person, with their roles in them. */
import { useState } from "preact/hooks";

import { patch } from "../../data/http";
import { Row, Section } from "../../settings/row";
import { asked, useSave } from "../../settings/save";
import { say } from "../../text/words";
import { countText } from "../homes/words";
import { organisations, session } from "../live";
import type { Organisation } from "../shapes";
import { roleName } from "./choose";

export function OrganisationSections() {
  return (
    <Section id="organisations" title={say("fleet.organisations")}>
      <div class="list">
        {organisations.value.map((one) => (
          <OrganisationRow key={one.id} organisation={one} />
        ))}
        {!organisations.value.length && <p class="soft">{say("fleet.no_organisation")}</p>}
      </div>
    </Section>
  );
}

function OrganisationRow({ organisation: { id, name, role, homes } }: { organisation: Organisation }) {
  const save = useSave();
  const [draft, setDraft] = useState<string>();
  const take = (answer: Organisation) => {
    if (session.value) session.value = { ...session.value, organisations: session.value.organisations.map((one) => (one.id === id ? { ...one, ...answer } : one)) };
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft?.trim()) return;
    const isSaved = await save.run(() => asked(() => patch<Organisation>(`/api/fleet/organisations/${id}`, { name: draft.trim() }), take, say("settings.saved")));
    if (isSaved) setDraft(undefined);
  };
  const text = `${roleName(role)} · ${countText("fleet.count_home", homes)}`;
  if (role !== "owner") return <Row title={<bdi>{name}</bdi>} text={text} name="organisation" />;
  return (
    <Row title={<label for={`organisation-${id}`}>{name}</label>} text={text} isStacked save={save} name="organisation">
      <form class="one-line" onSubmit={(event) => void submit(event)}>
        <input
          id={`organisation-${id}`} type="text" maxLength={200} value={draft ?? name}
          onInput={(event) => {
            save.forget();
            setDraft(event.currentTarget.value);
          }}
        />
        {draft !== undefined && draft !== name && (
          <button type="submit" class="main" aria-busy={save.busy}>
            {say("settings.save")}
          </button>
        )}
      </form>
    </Row>
  );
}
