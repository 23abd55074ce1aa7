/** The organisations of the person, with their roles in them. */
import { patch } from "../../data/http";
import { NameRow } from "../../settings/name-row";
import { Row, Section } from "../../settings/row";
import { asked } from "../../settings/save";
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
  const take = (answer: Organisation) => {
    if (session.value)
      session.value = {
        ...session.value,
        organisations: session.value.organisations.map((one) => (one.id === id ? { ...one, ...answer } : one)),
      };
  };
  const change = (changed: string) =>
    asked(() => patch<Organisation>(`/api/fleet/organisations/${id}`, { name: changed }), take, say("settings.saved"));
  const text = `${roleName(role)} · ${countText("fleet.count_home", homes)}`;
  if (role !== "owner") return <Row title={<bdi>{name}</bdi>} text={text} name="organisation" />;
  return (
    <NameRow
      id={`organisation-${id}`}
      title={name}
      text={text}
      value={name}
      name="organisation"
      change={change}
      isRequired
    />
  );
}
