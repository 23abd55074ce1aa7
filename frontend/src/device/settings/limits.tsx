/** Limits beyond which the hub raises an alert. */
import { meters } from "../../data/recent";
import { POWER } from "../../devices/points";
import type { Device, Point } from "../../data/shapes";
import { MINUS, quantityText } from "../../text/format";
import { say, sayIfKnown } from "../../text/words";
import { titleOf } from "../../devices/names";
import { baseOf, headlineOf, readingsOf } from "../../devices/roles";
import type { Keys } from "./configuration";
import { TextSetting } from "./fields";

const MOST = 3; // points

type Side = "above" | "below";

export function Limits({ device, keys, bar }: { device: Device; keys: Keys; bar: string }) {
  const points = limitable(device);
  if (!points.length) return null;
  return (
    <section aria-labelledby="limits">
      <h2 id="limits">{say("device.limits")}</h2>
      <div class="entries set">
        {points.flatMap((point) => [
          <Limit key={`${point.key} above`} device={device} point={point} side="above" keys={keys} bar={bar} />,
          <Limit key={`${point.key} below`} device={device} point={point} side="below" keys={keys} bar={bar} />,
        ])}
      </div>
    </section>
  );
}

/** The big number, and what else is a quantity for people. */
function limitable(device: Device): readonly Point[] {
  const [headline, numbers] = [
    headlineOf(device),
    readingsOf(device).filter((point) => point.kind === "number" && point.unit !== "" && point.unit !== "s"),
  ];
  const first = headline && numbers.includes(headline) ? [headline] : [];
  return [...first, ...numbers.filter((point) => point !== headline)].slice(0, MOST);
}

function Limit({
  device,
  point,
  side,
  keys,
  bar,
}: {
  device: Device;
  point: Point;
  side: Side;
  keys: Keys;
  bar: string;
}) {
  const table = (keys[`alert_${side}`] ?? {}) as Readonly<Record<string, number>>;
  const limit = table[point.key];
  const isLast = limit !== undefined && Object.keys(table).length === 1;
  const { title, text } = wordsOf(device, point, side, limit);
  return (
    <TextSetting
      device={device.id}
      bar={bar}
      name={`alert_${side}.${point.key}`}
      title={title}
      text={text}
      value={limit === undefined ? "" : String(limit)}
      unit={point.unit}
      isNumber
      hint={say("value.never")}
      check={(entered) =>
        entered.trim() === "" || Number.isFinite(numberIn(entered)) ? "" : say("device.not_a_number")
      }
      keysFor={(entered) => ({
        [`alert_${side}`]:
          entered.trim() === "" ? (isLast ? null : { [point.key]: null }) : { [point.key]: numberIn(entered) },
      })}
    />
  );
}

function wordsOf(device: Device, point: Point, side: Side, limit: number | undefined): { title: string; text: string } {
  const name = titleOf(point);
  const what =
    point.key !== POWER ? baseOf(point.key) : meters.value.has(device.id) ? "grid" : device.produces ? "made" : "power";
  const title = sayIfKnown(`limit.${what}_${side}`, say(`limit.${side}`, { name }));
  if (limit === undefined) return { title, text: say("limit.none") };
  return { title, text: say(`limit.text_${side}`, { limit: quantityText(limit, point.unit) }) };
}

function numberIn(text: string): number {
  return Number(text.trim().replace(",", ".").replace(MINUS, "-"));
}
