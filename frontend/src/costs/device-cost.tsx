/** What a device cost today, this month and this year. */
import { now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import type { Device } from "../data/shapes";
import { dayOf, instantOf } from "../time/calendar";
import { say } from "../text/words";
import { moneyText, NO_MONEY, numberOf } from "./money";
import type { CostRow, Costs } from "./shapes";
import { activeOf, hasCosts, useTariffs } from "./tariffs";

const POLL_MS = 60_000;

/** Texts for today, this month and this year; dashes until they are known; undefined where no tariff is set. */
export type DeviceCosts = Readonly<{ today: string; month: string; year: string }>;

export function useDeviceCosts(device: Device): DeviceCosts | undefined {
  const found = useTariffs();
  const active = activeOf(found);
  const day = dayOf(now.value, timezone.value);
  const at = (month: number, date: number) => instantOf({ year: day.year, month, day: date }, timezone.value);
  const path = active ? "/api/costs" : undefined;
  const year = usePolled<Costs>(path, POLL_MS, { by: "month", start: at(1, 1), device: device.id });
  const today = usePolled<Costs>(path, POLL_MS, { by: "day", start: at(day.month, day.day), device: device.id });
  const mine = rowOf(year.value, device);
  if (!hasCosts(found)) return undefined;
  if (!active || !mine) return year.value ? undefined : { today: NO_MONEY, month: NO_MONEY, year: NO_MONEY };
  const money = (amount: string | null | undefined) => moneyText(numberOf(amount), active.currency, active.digits);
  return {
    today: money(rowOf(today.value, device)?.total_cost),
    month: money(mine.cost.at(-1)),
    year: money(mine.total_cost),
  };
}

function rowOf(costs: Costs | undefined, device: Device): CostRow | undefined {
  return costs?.rows.find((row) => row.kind === "device" && row.id === device.id);
}

/** Under the energy of a time: its cost. */
export function CostLine({ text }: { text: string | undefined }) {
  return text ? (
    <dd class="small soft" title={say("history.cost")}>
      {text}
    </dd>
  ) : null;
}
