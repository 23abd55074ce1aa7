/** What the home does now: the big number, a sentence about it, and the energy of today. */
import { CostFacts } from "../costs/now-facts";
import { sum, type Flow, type Flows } from "../energy/flows";
import { devices, now, reading, timezone } from "../data/live";
import { flows, meters } from "../data/recent";
import type { Device } from "../data/shapes";
import { energyOf, EXPORT, IMPORT } from "../data/today";
import { isAnswering, nameOf, pointOf, POWER } from "../devices/points";
import { Amount } from "../history/amounts";
import { PointAge } from "../parts/age";
import { QualityMark, Quantity } from "../parts/quantity";
import { stateText } from "../parts/state";
import { NOTHING, quantity, quantityText } from "../text/format";
import { sayWith } from "../text/rich";
import { say, type Id } from "../text/words";
import { exponentOf, flowName, powerText } from "./names";

const MOST = 0.5; // of all that is used: what is more is "most of it"
const NAMED = 4; // of the devices that are not included, the number of others included
const GRID = { kind: "grid", id: "" } as const;

export function Hero() {
  const balance = flows.value;
  return (
    <div class="hero-now live">
      <Big balance={balance} />
      <p class="lead">
        <Lead balance={balance} />
      </p>
      <Facts />
      <NotCounted silent={balance.silent} />
    </div>
  );
}

/** The power from or to the grid; without a meter, what the measured devices use. */
function Big({ balance: { grid, uses, total } }: { balance: Flows }) {
  const isKnown = grid !== undefined || total > 0 || uses.length > 0;
  const W = grid ?? sum(uses.filter((one) => one.kind === "device"));
  const exponent = exponentOf(GRID);
  const gives = W < 0 && quantity(Math.abs(W), "W", exponent).number !== "0";
  return (
    <>
      <p class="lead direction">
        {say(grid === undefined ? "now.title_measured" : gives ? "now.title_to" : "now.title_from")}
      </p>
      <p class="display">
        <MeterMarks />
        {isKnown ? (
          <Quantity value={Math.abs(W)} unit="W" exponent={exponent} />
        ) : (
          <span class="quantity">{NOTHING}</span>
        )}{" "}
        {metersNow().map((meter) => (
          <PointAge key={meter.id} device={meter} point={POWER} />
        ))}
      </p>
    </>
  );
}

function MeterMarks() {
  const suspect = metersNow()
    .map((meter) => reading(meter.id, POWER).value)
    .find((one) => one && one.quality !== "good");
  return suspect ? <QualityMark quality={suspect.quality} flags={suspect.flags} /> : null;
}

/** Where the power comes from, else what uses most of it. */
function Lead({ balance: { grid, sources, uses } }: { balance: Flows }) {
  const bold = (W: number) => <b>{powerText(GRID, W)}</b>;
  const made = sum(sources.filter((one) => one.kind === "device"));
  const used = uses.filter((one) => one.kind !== "export");
  const total = sum(used);
  if (made > 0)
    return (
      <>
        {sayWith(grid !== undefined && grid < 0 ? "now.lead_export" : "now.lead_produced", {
          made: bold(made),
          total: bold(total),
        })}
      </>
    );
  const largest = used.filter((one) => one.kind === "device" && one.W > 0).sort((one, other) => other.W - one.W)[0];
  if (!largest) return null;
  return (
    <>
      {sayWith(largest.W > MOST * total ? "now.lead_most" : "now.lead_largest", {
        device: <Named flow={largest} />,
        power: <b>{powerText(largest, largest.W)}</b>,
      })}
    </>
  );
}

function Named({ flow }: { flow: Flow }) {
  return (
    <b>
      <bdi>{flowName(flow)}</bdi>
    </b>
  );
}

/** The energy of today: of what is measured here, so that nothing moves when the values come. */
function Facts() {
  const producers = devices.value.filter((one) => one.produces).map((one) => one.id);
  const counters = metersNow();
  const [taken, given, made] = [
    energyOf(meters.value, IMPORT),
    energyOf(meters.value, EXPORT),
    energyOf(producers, IMPORT),
  ];
  const used = taken !== undefined && made !== undefined ? Math.max(0, taken + made - (given ?? 0)) : undefined;
  const facts: readonly (readonly [Id, boolean, number | undefined])[] = [
    ["now.fact_import", counters.some((one) => pointOf(one, IMPORT)), taken],
    ["now.fact_used", counters.length > 0 && producers.length > 0, used],
    ["now.fact_produced", producers.length > 0, made],
    ["now.fact_export", counters.some((one) => pointOf(one, EXPORT)), given],
  ];
  return (
    <dl class="facts">
      {facts.map(
        ([id, isMeasured, Wh]) =>
          isMeasured && (
            <div key={id}>
              <dt>{say(id)}</dt>
              <dd>{Wh === undefined ? NOTHING : <Amount Wh={Wh} />}</dd>
            </div>
          ),
      )}
      <CostFacts />
    </dl>
  );
}

/** Devices that are missing in the bars because they are not reachable. */
function NotCounted({ silent }: { silent: readonly Device[] }) {
  const quiet = silent.filter((one) => !meters.value.has(one.id));
  const meter = silent.find((one) => meters.value.has(one.id) && !isAnswering(one.state));
  if (!quiet.length && !meter) return null;
  return (
    <p class="not-counted small soft">
      {meter &&
        say("now.meter_unavailable", {
          meter: nameOf(meter),
          state: stateText({ ...meter, reason: "" }, "", now.value, timezone.value),
        })}{" "}
      {quiet.length > 0 &&
        say(quiet.length === 1 ? "now.unavailable" : "now.unavailable_many", { devices: namesText(quiet) })}
    </p>
  );
}

/** Few of them by name: the cards below show all. */
function namesText(all: readonly Device[]): string {
  const named = all.length > NAMED ? all.slice(0, NAMED - 1) : all;
  return [
    ...named.map(nameOf),
    ...(named.length < all.length ? [say("now.more", { count: all.length - named.length })] : []),
  ].join(", ");
}

function metersNow(): Device[] {
  return devices.value.filter((one) => meters.value.has(one.id));
}

/** Whether anything that measures power has reported yet. */
export function hasPower(balance: Flows): boolean {
  return balance.grid !== undefined || balance.uses.length > 0 || balance.sources.length > 0;
}

/** `1.24 kW`: the length of the bars as text. */
export function totalText(balance: Flows): string {
  return hasPower(balance) ? quantityText(balance.total, "W", exponentOf(GRID)) : NOTHING;
}
