/** Energy with no more digits than a sum deserves: 7 Wh, 0.31 kWh, 57.2 kWh, 733 kWh. */
import { quantity, type Quantity } from "../text/format";

const LEAST = 10; // Wh: less is shown as Wh

export function amount(Wh: number): Quantity {
  const size = Math.abs(Wh);
  if (Math.round(size) < LEAST) return { number: String(Math.round(size)), unit: "Wh" };
  const exponent = size < 9_995 ? 1 : size < 99_950 ? 2 : 3; // of ten, in Wh
  return quantity(size, "Wh", exponent);
}

export function amountText(Wh: number): string {
  const { number, unit } = amount(Wh);
  return `${number} ${unit}`;
}

export function Amount({ Wh, isEstimated = false }: { Wh: number; isEstimated?: boolean }) {
  const { number, unit } = amount(Wh);
  return (
    <span class="amount">
      {isEstimated && <span class="soft">~</span>}
      {number}
      <small>{`\u202f${unit}`}</small>
    </span>
  );
}
