/** Energy of a period: `0.31 kWh`. */
import { amount, THIN } from "../text/format";

/** The unit of most amounts of a column, in which a zero among them is shown. */
export function unitOfColumn(amounts: readonly number[]): string {
  return amounts.some((Wh) => amount(Wh).unit === "kWh") ? "kWh" : "Wh";
}

/** `zeroUnit`: that of its column. */
export function Amount({
  Wh,
  isEstimated = false,
  zeroUnit,
}: Readonly<{ Wh: number; isEstimated?: boolean; zeroUnit?: string }>) {
  const { number, unit: own } = amount(Wh);
  const unit = /[1-9]/.test(number) ? own : (zeroUnit ?? own);
  return (
    <span class="amount">
      {isEstimated && <span class="soft">~</span>}
      {number}
      <small>{THIN + unit}</small>
    </span>
  );
}
