/** A sparkline: the last minutes as an area under a line, with gaps. */
import "../parts/parts.css";

const WIDTH = 100;
const HEIGHT = 32;

/**
 * The paths of `values` (evenly spaced; null = a gap), from the lowest to the highest, at least `span` apart.
 * `zero`: from zero, as for power; otherwise from the lowest value, as for a temperature.
 */
export function sparkPaths(
  values: readonly (number | null)[],
  zero = true,
  span = zero ? 10 : 1,
): { line: string; area: string } {
  const known = values.filter((value) => value !== null);
  const low = zero ? Math.min(0, ...known) : Math.min(...known) - span / 2;
  const high = Math.max(low + span, zero ? 0 : low, ...known);
  const x = (index: number) => round((index / Math.max(1, values.length - 1)) * WIDTH);
  const y = (value: number) => round(HEIGHT - ((value - low) / (high - low)) * HEIGHT);
  const ground = zero ? y(0) : HEIGHT;
  const lines: string[] = [];
  const areas: string[] = [];
  for (const { from, run } of runs(values)) {
    const line = run.map((value, step) => `${x(from + step)} ${y(value)}`).join("L");
    lines.push(`M${line}`);
    areas.push(`M${x(from)} ${ground}L${line}L${x(from + run.length - 1)} ${ground}Z`);
  }
  return { line: lines.join(""), area: areas.join("") };
}

/** `values`: evenly spaced, oldest first. Decorative: the value is next to it as text. */
export function Spark({
  values,
  mark,
  zero = true,
}: {
  values: readonly (number | null)[];
  mark?: string;
  zero?: boolean;
}) {
  const { line, area } = sparkPaths(values, zero);
  return (
    <svg
      class="spark"
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ "--mark": mark }}
    >
      <path class="area" d={area} />
      <path class="line" d={line} />
    </svg>
  );
}

function runs(values: readonly (number | null)[]): { from: number; run: number[] }[] {
  const found: { from: number; run: number[] }[] = [];
  let open: { from: number; run: number[] } | undefined;
  values.forEach((value, index) => {
    if (value === null) open = undefined;
    else if (open) open.run.push(value);
    else {
      open = { from: index, run: [value] };
      found.push(open);
    }
  });
  return found;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
