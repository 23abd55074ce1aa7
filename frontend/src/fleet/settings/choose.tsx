/** The organisation that a section is about; a choice where the person has several. */
import { useState } from "preact/hooks";

import { say } from "../../text/words";
import { organisations } from "../live";
import type { FleetRole, Organisation } from "../shapes";

const RANKS: readonly FleetRole[] = ["viewer", "operator", "owner"];

/** Those in which the person has at least this role, and the chosen one. */
export function useOrganisation(role: FleetRole): {
  all: readonly Organisation[];
  chosen: Organisation | undefined;
  choose: (id: number) => void;
} {
  const [id, setId] = useState<number>();
  const all = organisations.value.filter((one) => RANKS.indexOf(one.role) >= RANKS.indexOf(role));
  return { all, chosen: all.find((one) => one.id === id) ?? all[0], choose: setId };
}

export function Choose({ all, chosen, choose }: ReturnType<typeof useOrganisation>) {
  if (all.length < 2) return null;
  return (
    <select
      class="which"
      aria-label={say("fleet.organisation")}
      value={String(chosen?.id ?? "")}
      onChange={(event) => choose(Number(event.currentTarget.value))}
    >
      {all.map((one) => (
        <option key={one.id} value={String(one.id)}>
          {one.name}
        </option>
      ))}
    </select>
  );
}

export function roleName(role: FleetRole): string {
  return say(`fleet.role_${role}`);
}
