/** Load duration as SVG: power over the part of the time in which it is reached, with the base load as a line. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { percentText } from "../balance";
import { axisNumbers, axisUnit, valueTicks } from "../../charts/ticks";
import { boundsOf, movedShare, type Load, type LoadCurve } from "./load";
import { useWidth } from "../../charts/width";

type Props = Readonly<{
  load: Load;
  height: number;
  label: string;
  paint: (device: string) => string;
  /** What stands at the line of the base load; "" without one. */
  baseText: string;
  baseW: number | undefined;
  /** The part of the time under the pointer, or chosen with the arrow keys. */
  over: Signal<number | null>;
  tip: (share: number) => ComponentChildren;
}>;

const LEFT = 56; // px: width of the value labels
const DIGIT = 8.5;
const [TOP, BOTTOM, RIGHT] = [12, 28, 12]; // px
const SHARES = [0, 0.25, 0.5, 0.75, 1];

export function LoadChart({ load, height, label, paint, baseText, baseW, over, tip }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const [least, most] = boundsOf(load);
  const [low, high] = [least * 1.05, most > 0 || least < 0 ? most * 1.05 : 1000];
  const ticks = valueTicks(low, high, 4);
  const { unit, divisor } = axisUnit("W", high);
  const numbers = axisNumbers(ticks.map(Math.abs), divisor).map((text, index) =>
    index === ticks.length - 1 ? `${text} ${unit}` : text,
  );
  const left = Math.max(LEFT, ...numbers.map((text) => text.length * DIGIT + 10));
  const x = (share: number) => left + share * (width - left - RIGHT);
  const y = (W: number) => TOP + ((high - W) / (high - low)) * (height - TOP - BOTTOM);
  const at = (event: MouseEvent) => {
    const share =
      (event.clientX - (host.current?.getBoundingClientRect().left ?? 0) - left) / Math.max(width - left - RIGHT, 1);
    return share >= 0 && share <= 1 ? Math.max(share, 0.001) : null;
  };
  const shown = over.value;
  return (
    <div
      class="energy-bars load-curve"
      ref={host}
      role="img"
      tabIndex={0}
      aria-label={label}
      style={{ height: `${height}px` }}
      onKeyDown={(event) => onKey(event, over)}
      onBlur={() => (over.value = null)}
    >
      {width > 0 && (
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          onPointerMove={(event) => (over.value = at(event))}
          onPointerLeave={() => (over.value = null)}
        >
          {ticks.map((W, index) => (
            <g key={W}>
              <line class={W === 0 ? "zero-line" : "grid-line"} x1={left} x2={width} y1={y(W)} y2={y(W)} />
              <text x={left - 8} y={y(W) + 4} text-anchor="end">
                {numbers[index]}
              </text>
            </g>
          ))}
          {load.curves.map(
            (curve) =>
              curve.W.length > 0 && (
                <Curve
                  key={curve.device}
                  curve={curve}
                  x={x}
                  y={y}
                  zero={y(0)}
                  colour={paint(curve.device)}
                  isAlone={load.curves.length === 1}
                />
              ),
          )}
          {baseW !== undefined && (
            <>
              <line class="base-line" x1={left} x2={width - RIGHT} y1={y(baseW)} y2={y(baseW)} />
              <text class="base-text" x={width - RIGHT} y={y(baseW) - 8} text-anchor="end">
                {baseText}
              </text>
            </>
          )}
          {SHARES.map((share) => (
            <text
              key={share}
              x={x(share)}
              y={height - 8}
              text-anchor={share === 1 ? "end" : share ? "middle" : "start"}
            >
              {percentText(share)}
            </text>
          ))}
          {shown !== null && <line class="cursor" x1={x(shown)} x2={x(shown)} y1={TOP} y2={height - BOTTOM} />}
        </svg>
      )}
      {shown !== null && (
        <div class="bar-tip" style={shown < 0.5 ? { left: `${x(shown)}px` } : { right: `${width - x(shown)}px` }}>
          {tip(shown)}
        </div>
      )}
    </div>
  );
}

type CurveProps = Readonly<{
  curve: LoadCurve;
  x: (share: number) => number;
  y: (W: number) => number;
  zero: number;
  colour: string;
  isAlone: boolean;
}>;

function Curve({ curve, x, y, zero, colour, isAlone }: CurveProps) {
  const points = curve.W.map((W, row) => `${x(curve.share[row] ?? 1).toFixed(1)} ${y(W).toFixed(1)}`);
  const line = `M${x(0).toFixed(1)} ${y(curve.W[0] ?? 0).toFixed(1)}L${points.join("L")}`;
  return (
    <>
      {isAlone && (
        <path class="wash" data-mark d={`${line}V${zero.toFixed(1)}H${x(0).toFixed(1)}Z`} style={{ fill: colour }} />
      )}
      <path class="curve" data-mark d={line} style={{ stroke: colour }} />
    </>
  );
}

/** Arrow keys move the cursor along the curve, Escape leaves. */
function onKey(event: KeyboardEvent, over: Signal<number | null>): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by !== undefined) over.value = movedShare(over.value, by);
  else if (event.key === "Escape" && over.value !== null) over.value = null;
  else return;
  event.preventDefault();
  event.stopPropagation();
}
