/** The prices of the next days: a strip for each day, and the zones in words. */
import { useState } from "preact/hooks";

import { formatter, timeText } from "../text/format";
import { say } from "../text/words";
import { priceText } from "./money";
import type { Tariff } from "./shapes";
import { SHADES, stripsOf, zonePrices, type DayStrip, type Prices, type Segment } from "./week";

type Props = Readonly<{ prices: Prices; tariff: Tariff; zone: string; now: number }>;

const HOURS = [0, 6, 12, 18, 24];

export function WeekStrip({ prices, tariff, zone, now }: Props) {
  const [over, setOver] = useState<Segment | null>(null);
  const strips = stripsOf(prices, zone);
  const price = (value: number | undefined) => priceText(value, prices.currency, prices.digits);
  const segments = strips.flatMap((strip) => strip.segments);
  const move = (by: number) =>
    setOver(
      (old) =>
        segments[
          Math.min(
            Math.max(old ? segments.findIndex((one) => one.start === old.start) + by : 0, 0),
            segments.length - 1,
          )
        ] ?? null,
    );
  const ranges = zonePrices(prices);
  return (
    <>
      <div
        class="week"
        role="img"
        tabIndex={0}
        aria-label={`${say("tariff.week")}. ${ranges.map((one) => `${one.zone || say("tariff.price")}: ${rangeText(one, price)}`).join(". ")}`}
        onBlur={() => setOver(null)}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          move(by);
        }}
      >
        {strips.map((strip) => (
          <Strip
            key={strip.segments[0]?.start ?? 0}
            strip={strip}
            zone={zone}
            now={now}
            over={over}
            setOver={setOver}
          />
        ))}
        <div class="hours" aria-hidden="true">
          {HOURS.map((hour) => (
            <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
              {hour}
            </span>
          ))}
        </div>
      </div>
      <p class="small soft picked" aria-live="polite">
        {over
          ? `${timeText(over.start, now, zone)} – ${timeText(over.end, now, zone)} · ${[over.zone, price(over.price)].filter(Boolean).join(" · ")}`
          : say("tariff.week_hint")}
      </p>
      <div class="scrolls">
        <table class="data zones">
          <caption class="hidden-text">{say("tariff.zones")}</caption>
          <thead>
            <tr>
              <th scope="col">{say("tariff.zone")}</th>
              <th scope="col">{say("tariff.when")}</th>
              <th scope="col" class="number">
                {say("tariff.price")}
              </th>
            </tr>
          </thead>
          <tbody>
            {ranges.map((one) => (
              <tr key={one.zone}>
                <th scope="row">{one.zone || say("tariff.all")}</th>
                <td>{whenText(tariff.zones?.find(({ name }) => name === one.zone)?.text)}</td>
                <td class="number">{rangeText(one, price)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

type StripProps = Readonly<{
  strip: DayStrip;
  zone: string;
  now: number;
  over: Segment | null;
  setOver: (segment: Segment | null) => void;
}>;

function Strip({ strip, now, over, setOver }: StripProps) {
  const { day, segments } = strip;
  const name = formatter("UTC", { weekday: "short", day: "numeric" })
    .format(Date.UTC(day.year, day.month - 1, day.day))
    .replace(",", "");
  const present = segments.find(({ start, end }) => start <= now && now < end);
  return (
    <div class="strip">
      <span class="small soft">{name}</span>
      <div class="track">
        {segments.map((one) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: what shows at the pointer, arrow keys of the week show too
          // biome-ignore lint/a11y/useKeyWithClickEvents: what shows at the pointer, arrow keys of the week show too
          <i
            key={one.start}
            data-mark
            data-over={over?.start === one.start || undefined}
            data-none={one.shade === 0 || undefined}
            style={{
              left: `${one.from * 100}%`,
              width: `${(one.to - one.from) * 100}%`,
              "--shade": one.shade / SHADES,
            }}
            onPointerEnter={() => setOver(one)}
            onPointerLeave={() => setOver(null)}
            onClick={() => setOver(one)}
          />
        ))}
        {present && (
          <i
            class="now"
            style={{
              left: `${(present.from + ((now - present.start) / (present.end - present.start)) * (present.to - present.from)) * 100}%`,
            }}
          />
        )}
      </div>
    </div>
  );
}

/** The times of a zone, as the configuration has them. */
function whenText(times = ""): string {
  return times === "other" ? say("tariff.rest_of_time") : times || say("tariff.always");
}

function rangeText({ low, high }: { low: number; high: number }, price: (value: number) => string): string {
  return low === high ? price(low) : `${price(low).replace(/\/kWh$/, "")} – ${price(high)}`;
}
