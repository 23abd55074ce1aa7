/** The card with the current power: from or to the grid, its sources and its uses. */
import { quantity, quantityText } from "../text/format";
import { sum, type Flow, type Flows } from "../energy/flows";
import { devices, now, reading, timezone } from "../data/live";
import { PointAge } from "../parts/age";
import { QualityMark, Quantity } from "../parts/quantity";
import { stateText } from "../parts/state";
import { nameOf, POWER } from "../devices/points";
import { flows, meters } from "../data/recent";
import type { Device } from "../data/shapes";
import { energyOf, EXPORT, IMPORT } from "../data/today";
import { say } from "../text/words";
import { exponentOf, flowMark, flowName, powerText } from "./names";

const LABELS = 5; // of one bar; the rows below list all devices

export function FlowCard() {
  const balance = flows.value;
  return (
    <section class="card flows live" aria-label={say("now.flows")}>
      <Headline balance={balance} />
      <div class="bars" role="img" aria-label={barText(balance)}>
        <Bar flows={balance.sources} total={balance.total} />
        <Labels flows={balance.sources} />
        <Bar flows={balance.uses} total={balance.total} />
        <Labels flows={balance.uses} />
      </div>
      <EnergyLine />
      <NotCounted silent={balance.silent} />
    </section>
  );
}

/** The power from or to the grid. */
function Headline({ balance }: { balance: Flows }) {
  const { grid, uses } = balance;
  const W = grid ?? sum(uses.filter((one) => one.kind === "device"));
  const exponent = exponentOf({ kind: "grid", id: "" });
  const gives = W < 0 && quantity(Math.abs(W), "W", exponent).number !== "0";
  return (
    <div class="headline">
      <p>
        <span class="big">
          <MeterMarks />
          <Quantity value={Math.abs(W)} unit="W" exponent={exponent} />
        </span>{" "}
        <span class="direction">{say(grid === undefined ? "now.measured" : gives ? "now.to_grid" : "now.from_grid")}</span>
      </p>
      {metersNow().map((meter) => (
        <PointAge key={meter.id} device={meter} point={POWER} />
      ))}
    </div>
  );
}

function MeterMarks() {
  const suspect = metersNow()
    .map((meter) => reading(meter.id, POWER).value)
    .find((one) => one && one.quality !== "good");
  return suspect ? <QualityMark quality={suspect.quality} flags={suspect.flags} /> : null;
}

function Bar({ flows, total }: { flows: readonly Flow[]; total: number }) {
  return (
    <div class="bar">
      {flows
        .filter((one) => one.W > 0)
        .map((one) => (
          <span
            key={`${one.kind} ${one.id}`}
            data-mark={one.kind}
            style={{ width: `${(100 * one.W) / total}%`, "--mark": flowMark(one) }}
          />
        ))}
    </div>
  );
}

/** The largest parts with their names, in the order of the bar. */
function Labels({ flows }: { flows: readonly Flow[] }) {
  const shown = flows.filter((one) => one.W > 0 || one.kind === "grid");
  const great = [...shown].sort((one, other) => other.W - one.W).slice(0, LABELS);
  const more = shown.length - great.length;
  return (
    <ul class="labels">
      {shown
        .filter((one) => great.includes(one))
        .map((one) => (
          <li key={`${one.kind} ${one.id}`}>
            <i class="mark" data-mark={one.kind} style={{ "--mark": flowMark(one) }} />
            <span class="name">{flowName(one)}</span> <Quantity value={one.W} unit="W" exponent={exponentOf(one)} />
          </li>
        ))}
      {more > 0 && <li class="soft">{say("now.more", { count: more })}</li>}
    </ul>
  );
}

/** `6.40 kWh imported today · 2.10 kWh exported · 3.20 kWh produced`. */
function EnergyLine() {
  const producers = devices.value.filter((one) => one.produces).map((one) => one.id);
  const energies = [
    ["now.today_import", energyOf(meters.value, IMPORT)],
    ["now.today_export", energyOf(meters.value, EXPORT)],
    ["now.today_produced", energyOf(producers, IMPORT)],
  ] as const;
  const texts = energies.flatMap(([id, Wh]) => (Wh === undefined ? [] : [say(id, { energy: quantityText(Wh, "Wh") })]));
  return <p class="energy">{texts.join(" · ")}</p>;
}

/** Devices that are missing in the bars because they are not reachable. */
function NotCounted({ silent }: { silent: readonly Device[] }) {
  const quiet = silent.filter((one) => !meters.value.has(one.id));
  const names = quiet.map(nameOf).join(", ");
  const meter = silent.find((one) => meters.value.has(one.id));
  return (
    <p class="not-counted small soft">
      {meter && say("now.meter_unavailable", { meter: nameOf(meter), state: stateText(meter, "", now.value, timezone.value) })}{" "}
      {names && say(quiet.length === 1 ? "now.unavailable" : "now.unavailable_many", { devices: names })}
    </p>
  );
}

function barText({ sources, uses }: Flows): string {
  const text = (flows: readonly Flow[]) => flows.map((one) => `${flowName(one)} ${powerText(one, one.W)}`).join(", ");
  return say("now.bars", { sources: text(sources) || say("now.nothing"), uses: text(uses) || say("now.nothing") });
}

function metersNow(): Device[] {
  return devices.value.filter((one) => meters.value.has(one.id));
}
