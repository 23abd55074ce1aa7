/** Energy of a period: `0.31 kWh`. */
import { amount, THIN } from "../text/format";

export function Amount({ Wh, isEstimated = false }: { Wh: number; isEstimated?: boolean }) {
  const { number, unit } = amount(Wh);
  return (
    <span class="amount">
      {isEstimated && <span class="soft">~</span>}
      {number}
      <small>{THIN + unit}</small>
    </span>
  );
}
