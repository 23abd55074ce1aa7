/** Where the power comes from and what it goes to: two bars of the same length, with the names of their parts. */
import { joined, type Flow, type Flows } from "../energy/flows";
import { flows, plan } from "../data/recent";
import { Quantity } from "../parts/quantity";
import { say } from "../text/words";
import { hasPower, totalText } from "./hero";
import { exponentOf, flowFill, flowName, powerText } from "./names";

const LABELS = 6; // of one bar, "2 more" included; the cards below list all devices

export function FlowBars() {
  const balance = flows.value;
  const isKnown = hasPower(balance);
  const producers = plan.value.devices.filter((one) => one.produces).length;
  const users = plan.value.devices.length - producers - plan.value.meters.size;
  return (
    <div class="flow live" role="group" aria-label={say("now.flows")}>
      <p class="hidden-text">{isKnown && barText(balance)}</p>
      <Side
        title={say("now.comes_from")}
        flows={balance.sources}
        balance={balance}
        isKnown={isKnown}
        most={1 + producers}
      />
      <Side title={say("now.goes_to")} flows={withRest(balance)} balance={balance} isKnown={isKnown} most={1 + users} />
    </div>
  );
}

/** With a meter there is always a rest, be it 0 W: it keeps its place. */
function withRest({ uses, grid }: Flows): readonly Flow[] {
  if (grid === undefined || uses.some((one) => one.kind === "rest")) return uses;
  const isExport = (one: Flow) => one.kind === "export";
  return [...uses.filter((one) => !isExport(one)), { kind: "rest", id: "", W: 0 }, ...uses.filter(isExport)];
}

type SideProps = { title: string; flows: readonly Flow[]; balance: Flows; isKnown: boolean; most: number };

/** `most`: of its parts, so that nothing moves when one begins or ends. */
function Side({ title, flows: all, balance, isKnown, most }: SideProps) {
  const flows = joined(all);
  return (
    <div class="side" aria-hidden="true">
      <p class="cap">
        <span>{title}</span>
        <span>{totalText(balance)}</span>
      </p>
      {isKnown ? <Bar flows={flows} total={balance.total} /> : <div class="wait" />}
      <Keys flows={flows} rows={Math.ceil(Math.min(LABELS, most) / 2)} />
    </div>
  );
}

function Bar({ flows, total }: { flows: readonly Flow[]; total: number }) {
  return (
    <div class="bar">
      {flows
        .filter((one) => one.W > 0)
        .map((one) => (
          <i
            key={`${one.kind} ${one.id}`}
            data-mark={one.kind}
            style={{ width: `${(100 * one.W) / total}%`, "--mark": flowFill(one) }}
          />
        ))}
    </div>
  );
}

/**
 * The largest parts with their names, in the order of the bar; all of them where they are few, so that each keeps its
 * place.
 */
function Keys({ flows, rows }: { flows: readonly Flow[]; rows: number }) {
  const shown = flows.length <= LABELS ? flows : flows.filter((one) => one.W > 0 || one.kind === "grid");
  const great = [...shown].sort((one, other) => other.W - one.W).slice(0, shown.length > LABELS ? LABELS - 1 : LABELS);
  const more = shown.reduce((count, one) => count + (great.includes(one) ? 0 : (one.count ?? 1)), 0);
  return (
    <ul class="keys" style={{ "--rows": rows }}>
      {shown
        .filter((one) => great.includes(one))
        .map((one) => (
          <li key={`${one.kind} ${one.id}`}>
            <i class="mark" data-mark={one.kind} style={{ "--mark": flowFill(one) }} />
            <span class="name" dir="auto">
              {flowName(one)}
            </span>
            <Quantity value={one.W} unit="W" exponent={exponentOf(one)} />
          </li>
        ))}
      {more > 0 && <li class="soft">{say("now.more", { count: more })}</li>}
    </ul>
  );
}

function barText({ sources, uses }: Flows): string {
  const text = (flows: readonly Flow[]) => flows.map((one) => `${flowName(one)} ${powerText(one, one.W)}`).join(", ");
  return say("now.bars", { sources: text(sources) || say("now.nothing"), uses: text(uses) || say("now.nothing") });
}
