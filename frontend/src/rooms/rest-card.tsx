/** The card of what no plug measures. */
import { flows } from "../data/recent";
import { dayColumns } from "../data/day";
import { Spark } from "../charts/spark";
import { exponentOf } from "../now/names";
import { Quantity } from "../parts/quantity";
import { say } from "../text/words";

const REST = { kind: "rest", id: "" } as const;

/** Whether there is a meter, so that the rest is known. */
export function hasRest(): boolean {
  return flows.value.grid !== undefined || flows.value.uses.some((one) => one.kind === "rest");
}

export function RestCard() {
  const rest = flows.value.uses.find((one) => one.kind === "rest");
  const band = dayColumns.value.uses.find((one) => one.kind === "rest");
  return (
    <li class="dev live rest">
      <i class="dot" data-mark style={{ "--mark": "var(--rest)" }} />
      <div class="txt">
        <span class="name">{say("now.rest")}</span>
        <span class="sub">{say("room.rest_text")}</span>
      </div>
      <span class="trend">{band && <Spark values={band.values} mark="var(--rest)" />}</span>
      <span class="val">
        <Quantity value={rest?.W ?? 0} unit="W" exponent={exponentOf(REST)} />
      </span>
    </li>
  );
}
