/** The period in figures and sentences: what was used, more or less than before, and where it came from. */
import { say } from "../text/words";
import { amountText } from "../text/format";
import { Amount } from "./amounts";
import { percentText, type Balance } from "./balance";
import type { Totals } from "./energy";

type Props = Readonly<{
  /** What the figure is about: `Used`, or the name of a device. */
  title: string;
  /** undefined while it is not known. */
  Wh: number | undefined;
  /** `▲ 6 %` on `1 – 29 Oct 2026`, and how much that was; "" without a comparison. */
  change: string;
  before: string;
  beforeWh: number;
  totals: Totals | undefined;
  balance: Balance | undefined;
}>;

export function Figures({ title, Wh, change, before, beforeWh, totals, balance }: Props) {
  return (
    <div class="figures">
      <p class="soft">{title}</p>
      <p class="figure-number">{Wh === undefined ? "–" : <Amount Wh={Wh} />}</p>
      {change && (
        <p class="lead">
          <b>{change}</b> {say("history.change_on", { period: before, before: amountText(beforeWh) })}
        </p>
      )}
      {totals && (
        <p class="lead sources">
          {sourceText(totals, balance)} {totals.estimated && say("history.total_estimated")}
        </p>
      )}
    </div>
  );
}

/** `76 % from the grid, 24 % made here.` */
export function sourceText(totals: Totals, balance: Balance | undefined): string {
  if (!totals.isKnown) return say("history.total_unknown");
  if (totals.import === undefined) return say("history.without_meter");
  if (balance)
    return say("history.sources_parts", {
      grid: percentText(1 - balance.sufficiency),
      own: percentText(balance.sufficiency),
    });
  return say("history.sources_grid");
}

/** Own production: what became of it, and how much of the use it covered. */
export function Production({ balance }: { balance: Balance }) {
  const { produced, kept, export: given, used, import: bought, consumption, sufficiency } = balance;
  return (
    <section class="production" aria-label={say("history.production")}>
      <h2>{say("history.production")}</h2>
      <dl>
        <div>
          <dt>{say("history.produced")}</dt>
          <dd>
            <Amount Wh={produced} />
          </dd>
        </div>
        <div>
          <dt>
            {say("history.consumption")}
            <span class="small soft">
              {say("history.consumption_text", { kept: amountText(kept), export: amountText(given) })}
            </span>
          </dt>
          <dd>{percentText(consumption)}</dd>
        </div>
        <div>
          <dt>
            {say("history.sufficiency")}
            <span class="small soft">
              {say("history.sufficiency_text", {
                kept: amountText(kept),
                used: amountText(used),
                import: amountText(bought),
              })}
            </span>
          </dt>
          <dd>{percentText(sufficiency)}</dd>
        </div>
      </dl>
    </section>
  );
}
