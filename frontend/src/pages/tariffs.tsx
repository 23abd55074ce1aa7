/**
 * The tariff in words: the price now and when it is lower, the week, its parts and taxes; and what another would have
 * cost.
 */
import { perText } from "../costs/bill";
import { numberOf, priceText } from "../costs/money";
import { Price as PriceNow } from "../costs/now-facts";
import { CompareTariffs } from "../costs/compare";
import type { Price, Tariff } from "../costs/shapes";
import { CostTabs, NoTariff } from "../costs/tabs";
import { activeOf, useTariffs } from "../costs/tariffs";
import { cheaperOf, type Prices } from "../costs/week";
import { WeekStrip } from "../costs/week-strip";
import { address } from "../data/http";
import { now, timezone, version } from "../data/live";
import { useAnswer } from "../history/answers";
import { dayFrom, dayOf, daysText, instantOf, plusDays } from "../time/calendar";
import { Notice } from "../parts/notice";
import { go, query } from "../routing/router";
import { countText, sinceText } from "../text/format";
import { capitalised } from "../text/printable";
import { say } from "../text/words";
import "./history.css";
import "./bill.css";
import "./tariffs.css";

const POLL_MS = 60_000;
const DAYS = 7;

export function TariffsPage() {
  const found = useTariffs();
  const wanted = query.value.get("tariff");
  const tariff = found?.tariffs.find((one) => one.name === wanted) ?? activeOf(found);
  return (
    <main class="tariffs history">
      <h1>{say("tariff.title")}</h1>
      <CostTabs at="/tariffs" />
      {!found || !version.value ? (
        <div class="skeleton waits" aria-busy="true" />
      ) : !tariff ? (
        <NoTariff />
      ) : (
        <>
          {found.tariffs.length > 1 && (
            <label class="field one-tariff">
              <span>{say("tariff.shown")}</span>
              <select
                value={tariff.name}
                onChange={(event) => go(`/tariffs?${new URLSearchParams({ tariff: event.currentTarget.value })}`, true)}
              >
                {found.tariffs.map(({ name, active }) => (
                  <option key={name} value={name}>
                    {active ? say("tariff.active", { name }) : name}
                  </option>
                ))}
              </select>
            </label>
          )}
          <Known tariff={tariff} />
          <section aria-label={say("tariff.compare")}>
            <h2>{say("tariff.compare")}</h2>
            <CompareTariffs tariffs={found.tariffs} today={dayOf(now.peek(), timezone.value)} />
          </section>
        </>
      )}
    </main>
  );
}

function Known({ tariff }: { tariff: Tariff }) {
  const zone = timezone.value;
  const today = dayOf(now.value, zone);
  const [start, end] = [instantOf(today, zone), instantOf(plusDays(today, DAYS), zone)];
  const price = useAnswer<Price>(address("/api/tariffs/price", { tariff: tariff.name }), POLL_MS);
  const week = useAnswer<Prices>(address("/api/tariffs/prices", { start, end, tariff: tariff.name }), POLL_MS);
  return (
    <>
      {price.error && (
        <Notice kind="fault" again={price.again}>
          {price.error}
        </Notice>
      )}
      <section class="present" aria-label={say("tariff.now")}>
        <p class="soft">{say("tariff.now")}</p>
        <p class="figure-number">
          {price.answer ? (
            <PriceNow price={price.answer.price} currency={tariff.currency} digits={tariff.digits} />
          ) : (
            "–"
          )}
        </p>
        <p class="lead">{price.answer && <Lead price={price.answer} prices={week.answer} zone={zone} />}</p>
      </section>
      <section aria-label={say("tariff.week")}>
        <h2>{say("tariff.week")}</h2>
        {week.error && (
          <Notice kind="fault" again={week.again}>
            {week.error}
          </Notice>
        )}
        {week.answer ? (
          <WeekStrip prices={week.answer} tariff={tariff} zone={zone} now={now.value} />
        ) : (
          !week.error && <div class="skeleton week-waits" aria-busy="true" />
        )}
      </section>
      <Parts tariff={tariff} />
    </>
  );
}

/** `Punta until 14:00. Lower from 14:00: 0.12 €/kWh; lowest from 00:00: 0.08 €/kWh. Fed in: 0.06 €/kWh.` */
function Lead({ price, prices, zone }: { price: Price; prices: Prices | undefined; zone: string }) {
  const time = (at: number) => sinceText(at, now.value, zone);
  const money = (value: number | string | null | undefined) => priceText(value, price.currency, price.digits);
  const until = price.until ? Date.parse(price.until) / 1000 : undefined;
  const { next, lowest } = prices ? cheaperOf(prices, now.value) : { next: undefined, lowest: undefined };
  return (
    <>
      {[
        until
          ? price.zone
            ? say("tariff.zone_until", { zone: capitalised(price.zone), time: time(until) })
            : say("tariff.until_time", { time: time(until) })
          : price.zone
            ? `${capitalised(price.zone)}.`
            : "",
        next
          ? say("tariff.lower_from", { time: time(next.start), price: money(next.price) })
          : prices
            ? say("tariff.not_lower")
            : "",
        lowest && lowest !== next
          ? say("tariff.lowest_from", { time: time(lowest.start), price: money(lowest.price) })
          : "",
        price.feed_in ? say("tariff.feed_in", { price: money(price.feed_in) }) : "",
      ]
        .filter(Boolean)
        .join(" ")}
    </>
  );
}

const UNITS: Readonly<Record<string, string>> = { energy: "/kWh", feed_in: "/kWh", power: "/kW", demand: "/kW" };

/** Parts and taxes, as the configuration has them. */
function Parts({ tariff }: { tariff: Tariff }) {
  const money = (value: string | number) => priceText(value, tariff.currency, tariff.digits).replace(/\/kWh$/, "");
  const prices = (all: Readonly<Record<string, string | number>>) =>
    Object.entries(all).map(([zone, value]) => [zone, money(value)].filter(Boolean).join(" "));
  const written = (text: string) => {
    const day = dayFrom(text);
    return day ? daysText(day, day) : text;
  };
  const dates = (since?: string, until?: string) =>
    [since && say("tariff.from_day", { day: written(since) }), until && say("tariff.to_day", { day: written(until) })]
      .filter(Boolean)
      .join(" ");
  return (
    <section aria-label={say("tariff.parts")}>
      <h2>{say("tariff.parts")}</h2>
      <div class="scrolls">
        <table class="data parts">
          <caption class="hidden-text">{say("tariff.parts")}</caption>
          <thead>
            <tr>
              <th scope="col">{say("bill.line")}</th>
              <th scope="col" class="kind">
                {say("tariff.kind")}
              </th>
              <th scope="col" class="number">
                {say("tariff.price")}
              </th>
            </tr>
          </thead>
          <tbody>
            {tariff.parts?.map((part, index) => (
              <tr key={index}>
                <th scope="row">
                  {part.name}
                  <span class="small soft below">{say(`bill.kind_${part.kind}`)}</span>
                  <span class="small soft">{dates(part.since, part.until)}</span>
                </th>
                <td class="kind">{say(`bill.kind_${part.kind}`)}</td>
                <td class="number">
                  {part.feed && <span class="line">{say("tariff.feed", { feed: part.feed })}</span>}
                  {prices(part.prices ?? {}).map((text) => (
                    <span key={text} class="line">
                      {text}
                      {UNITS[part.kind] ?? ""}
                    </span>
                  ))}
                  {part.tiers?.map((tier, place) => (
                    <span key={place} class="line">
                      {tier.up_to === null
                        ? say("tariff.above")
                        : say("tariff.up_to", { energy: `${countText(Number(tier.up_to), 3)} kWh` })}
                      : {prices(tier.prices).join(", ")}/kWh
                    </span>
                  ))}
                  {part.per && <span class="line soft">{perText(part.per)}</span>}
                </td>
              </tr>
            ))}
            {tariff.taxes?.map((tax) => (
              <tr key={`${tax.name} ${tax.since}`}>
                <th scope="row">
                  {tax.name}
                  <span class="small soft below">{kindOf(tax)}</span>
                  <span class="small soft">{dates(tax.since, tax.until)}</span>
                </th>
                <td class="kind">{kindOf(tax)}</td>
                <td class="number">{countText(numberOf(tax.percent) ?? 0, 4)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {tariff.notes?.map((note) => (
        <p key={note} class="small soft">
          {note}
        </p>
      ))}
    </section>
  );
}

function kindOf(tax: NonNullable<Tariff["taxes"]>[number]): string {
  return tax.included ? `${say("bill.kind_tax")}, ${say("bill.included")}` : say("bill.kind_tax");
}
