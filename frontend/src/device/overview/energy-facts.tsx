/** Energy today, this month and this year; of a meter in both directions. */
import { CostLine, useDeviceCosts } from "../../costs/device-cost";
import { now, timezone } from "../../data/live";
import { meters } from "../../data/recent";
import { energyToday, EXPORT, IMPORT } from "../../data/today";
import { usePolled } from "../../data/polled";
import { pointOf } from "../../devices/points";
import type { Device, Energy } from "../../data/shapes";
import { Amount } from "../../history/amounts";
import { formatter, NOTHING } from "../../text/format";
import { say } from "../../text/words";
import { sumsOf, yearStart } from "./energy";

const POLL_MS = 60_000;

export function EnergyFacts({ device }: { device: Device }) {
  const counters = [IMPORT, EXPORT].filter((counter) => pointOf(device, counter));
  const query = { by: "month", device: device.id, start: yearStart(now.peek(), timezone.value) };
  const { value } = usePolled<Energy>(counters.length ? "/api/energy" : undefined, POLL_MS, query);
  const found = useDeviceCosts(device);
  const costs = meters.value.has(device.id) || device.produces ? undefined : found; // of what is used
  return (
    <>
      {counters.map((counter) => (
        <section key={counter} aria-label={titleOf(device, counter)}>
          {counters.length > 1 && <h2 class="minor">{titleOf(device, counter)}</h2>}
          <dl class="sums live">
            <Sum name={say("device.today")} Wh={energyToday(device, counter)} cost={costs?.today} />
            <Sum
              name={formatter(timezone.value, { month: "long" }).format(now.value * 1000)}
              Wh={atLeast(sumsOf(value, counter).month, energyToday(device, counter))}
              cost={costs?.month}
            />
            <Sum
              name={formatter(timezone.value, { year: "numeric" }).format(now.value * 1000)}
              Wh={atLeast(sumsOf(value, counter).year, energyToday(device, counter))}
              cost={costs?.year}
            />
          </dl>
        </section>
      ))}
    </>
  );
}

/** The answer is up to a minute old; today's counter is not. */
function atLeast(sum: number | undefined, today: number | undefined): number | undefined {
  return sum === undefined ? undefined : Math.max(sum, today ?? 0);
}

function titleOf(device: Device, counter: string): string {
  if (counter === EXPORT) return say(meters.value.has(device.id) ? "device.energy_to_grid" : "device.energy_given");
  if (meters.value.has(device.id)) return say("device.energy_from_grid");
  return say(device.produces ? "device.energy_made" : "device.energy_used");
}

function Sum({ name, Wh, cost }: { name: string; Wh: number | undefined; cost: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{Wh === undefined ? NOTHING : <Amount Wh={Wh} />}</dd>
      <CostLine text={cost} />
    </div>
  );
}
