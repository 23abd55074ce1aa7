/** A home in the list: its name, its state in words, and what it does. The whole row opens it in place. */
import type { ComponentChildren } from "preact";
import { computed } from "@preact/signals";

import { now } from "../../data/live";
import { Amount } from "../../history/amounts";
import { Quantity } from "../../parts/quantity";
import { ageText, countText, NOTHING } from "../../text/format";
import type { HomeRow } from "../shapes";
import { stateText } from "./words";
import { Icon, OPEN } from "../../parts/icon";

const clock = computed(() => Math.floor(now.value / 5) * 5); // so that the rows are not drawn again every second

type Props = {
  row: HomeRow;
  index: number;
  isOpen: boolean;
  toggle: (id: string) => void;
  children: ComponentChildren;
};

/** `index`: of its row in the table, from 1. `children`: what is shown below it while it is open. */
export function HomeLine({ row, index, isOpen, toggle, children }: Props) {
  const isHeard = row.state !== "offline" && row.state !== "new" && row.state !== "revoked";
  return (
    <>
      <div class="h" role="row" aria-rowindex={index} data-open={isOpen || undefined} data-home={row.id}>
        <span role="rowheader" class="nm">
          <button type="button" class="bare" aria-expanded={isOpen} onClick={() => toggle(row.id)}>
            <bdi>{row.name || row.id}</bdi>
          </button>
        </span>
        <span role="cell" class="st small">
          <i class="home-dot" data-state={row.state} />
          <span>{stateText(row, clock.value)}</span>
        </span>
        <span role="cell" class="number w live">
          {isHeard && row.power_W !== null ? (
            <Quantity value={row.power_W} unit="W" exponent={0} />
          ) : (
            <span class="soft">{NOTHING}</span>
          )}
        </span>
        <span role="cell" class="number far">
          {row.import_Wh === null ? <span class="soft">{NOTHING}</span> : <Amount Wh={row.import_Wh} />}
        </span>
        <span role="cell" class="number far soft">
          {row.seen ? ageText(Math.max(1, clock.value - Date.parse(row.seen) / 1000)) : NOTHING}
        </span>
        <span role="cell" class="number far">
          {countText(row.devices)}
        </span>
        <span role="cell" class="number far soft">
          {row.version || NOTHING}
        </span>
        <Icon name="chevron">{OPEN}</Icon>
      </div>
      {children}
    </>
  );
}
