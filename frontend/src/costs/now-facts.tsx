/** Of the facts of today: what it has cost so far, and the price now. Nothing where no tariff is set. */
import { devices, now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { dayOf, instantOf } from "../time/calendar";
import { say } from "../text/words";
import { moneyText, numberOf, priceText } from "./money";
import type { CostNow, Costs } from "./shapes";
import { activeOf, hasCosts, useTariffs } from "./tariffs";

const POLL_MS = 60_000;

export function CostFacts() {
  const found = useTariffs();
  const active = activeOf(found);
  const start = instantOf(dayOf(now.value, timezone.value), timezone.value);
  const asks = active && devices.value.length > 0;
  const today = usePolled<Costs>(asks ? "/api/costs" : undefined, POLL_MS, { by: "day", start });
  const price = usePolled<CostNow>(asks ? "/api/costs/now" : undefined, POLL_MS);
  if (!hasCosts(found)) return null;
  const total = today.value?.rows.find((row) => row.kind === "total");
  return (
    <>
      <div>
        <dt>{say("now.fact_cost")}</dt>
        <dd>{moneyText(numberOf(total?.total_cost), active?.currency ?? "EUR", active?.digits)}</dd>
      </div>
      <div>
        <dt>{say("now.fact_price")}</dt>
        <dd>
          <Price price={price.value?.price.price} currency={active?.currency ?? "EUR"} digits={active?.digits ?? 2} />
        </dd>
      </div>
    </>
  );
}

/** `0.112 €` with its small `/kWh`. */
export function Price({
  price,
  currency,
  digits,
}: {
  price: string | number | null | undefined;
  currency: string;
  digits: number;
}) {
  const [money, unit] = priceText(price, currency, digits).split(/(?=\/kWh$)/);
  return (
    <span class="quantity">
      {money}
      {unit && <span class="unit">{unit}</span>}
    </span>
  );
}
