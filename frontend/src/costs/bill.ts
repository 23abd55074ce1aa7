/** The lines of a bill in words, its periods, and its CSV file. Pure. */
import { dayFrom, daysText, periodTitle, plusDays, type Day } from "../time/calendar";
import { amountText, countText } from "../text/format";
import { say, sayIfKnown } from "../text/words";
import { moneyText, numberOf, priceText } from "./money";
import type { Bill, BillLine, Tariff } from "./shapes";

/** `Energy, punta, tier 2`. */
export function lineName(line: BillLine): string {
  return [
    line.part || say(`bill.kind_${line.kind}`),
    line.zone,
    line.tier ? say("bill.tier", { number: line.tier }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** What is worth knowing of a line: other days than those of the bill, days of a charge, estimates. */
export function lineNotes(line: BillLine, bill: Bill): string {
  const [since, until] = [dayFrom(line.since ?? ""), dayFrom(line.until ?? "")];
  const isPart = since && until && (line.since !== bill.since || line.until !== bill.until);
  const estimated = line.estimated ?? 0;
  return [
    isPart ? daysText(since, until) : "",
    line.fallback ? say("bill.fallback") : "",
    estimated > 0 ? say("bill.estimated", { part: `${estimated < 0.01 ? "< 1" : Math.round(estimated * 100)} %` }) : "",
    line.included ? say("bill.included") : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** `123.46 kWh`, `29 days`, `4.6 kW for 29 days`; of a tax, what it is levied on. */
export function quantityOf(line: BillLine, bill: Bill): string {
  const value = numberOf(line.quantity);
  if (line.kind === "standing" && line.days)
    return say(line.days === 1 ? "bill.day" : "bill.days", { count: line.days });
  if (value === undefined) return "";
  if (line.kind === "tax") return moneyText(value, bill.currency, bill.digits);
  if (line.unit === "kWh") return amountText(value * 1000);
  const power = `${countText(value, 3)} ${line.unit ?? ""}`.trim();
  return line.days ? say("bill.power_days", { power, count: line.days }) : power;
}

/** `0.1875 €/kWh`; of a price that changes within the line, the average: `∅ 0.12 €/kWh`; `31.40 €/kW per year`. */
export function rateOf(line: BillLine, bill: Bill, tariff?: Tariff): string {
  if (line.kind === "tax")
    return numberOf(line.rate) === undefined ? "" : `${countText(numberOf(line.rate) ?? 0, 4)} %`;
  const rate = numberOf(line.rate);
  const average = numberOf(line.average);
  if (line.unit === "kWh")
    return rate !== undefined
      ? priceText(rate, bill.currency, bill.digits)
      : average !== undefined
        ? `∅ ${priceText(average, bill.currency, bill.digits)}`
        : "";
  if (rate === undefined) return "";
  const per = tariff?.parts?.find(({ kind, name }) => kind === line.kind && name === line.part)?.per;
  return [
    priceText(rate, bill.currency, bill.digits).replace(/\/kWh$/, line.unit === "kW" ? "/kW" : ""),
    per && perText(per),
  ]
    .filter(Boolean)
    .join(" ");
}

/** `per year`: what a charge is for, or after what its tiers begin again. */
export function perText(per: string): string {
  return sayIfKnown(`tariff.per_${per}`, per);
}

/** `October 2026`, `2026`, `5 Oct – 4 Nov 2026`. */
export function periodText(name: string): string {
  const [, month] = /^(\d{4}-\d\d)$/.exec(name) ?? [];
  if (month) return periodTitle("month", dayFrom(`${month}-01`) as Day);
  if (/^\d{4}$/.test(name)) return name;
  const [first, last] = name.split("..").map(dayFrom);
  if (first && last) return daysText(first, last);
  return first ? say("bill.from", { day: daysText(first, first) }) : name;
}

/** The days of a bill; `until` is its last day. */
export function billDays(bill: Bill): string {
  const [since, until] = [dayFrom(bill.since), dayFrom(bill.until)];
  return since && until ? daysText(since, until) : "";
}

/** The names of the period before and after one; the newest is first. undefined: there is none. */
export function neighbours(
  periods: readonly string[],
  name: string,
): { before: string | undefined; after: string | undefined } {
  const at = periods.indexOf(name);
  return at < 0 ? { before: undefined, after: undefined } : { before: periods[at + 1], after: periods[at - 1] };
}

/** Exact numbers, as the hub has them. */
export function billCsvRows(bill: Bill): (string | number)[][] {
  const head = [
    "kind",
    "part",
    "zone",
    "tier",
    "since",
    "until",
    "days",
    "quantity",
    "unit",
    "rate",
    "average",
    "amount",
    "currency",
    "tax",
    "estimated",
    "included",
  ];
  const rows = bill.lines.map((line) => [
    line.kind,
    line.part,
    line.zone ?? "",
    line.tier || "",
    line.since ?? "",
    line.until ?? "",
    line.days || "",
    line.quantity ?? "",
    line.unit ?? "",
    line.rate ?? "",
    line.average ?? "",
    line.amount,
    bill.currency,
    line.tax ?? "",
    line.estimated ?? 0,
    line.included ? 1 : 0,
  ]);
  return [
    head,
    ...rows,
    ["total", "", "", "", bill.since, bill.until, "", "", "", "", "", bill.total, bill.currency, "", "", ""],
  ];
}

/** Why a bill is not final, in sentences. */
export function billNotes(bill: Bill, today: Day): string[] {
  const last = dayFrom(bill.until);
  const isRunning =
    last !== undefined &&
    Date.UTC(last.year, last.month - 1, last.day) >= Date.UTC(today.year, today.month - 1, today.day);
  const [missing, unpriced, estimated] = [bill.missing_share ?? 0, bill.unpriced_kWh ?? 0, bill.estimated_share ?? 0];
  return [
    isRunning && last ? say("bill.so_far", { day: daysText(plusDays(last, 0), last) }) : "",
    missing > 0.0005 && !isRunning
      ? say("bill.missing", { part: `${missing < 0.01 ? "< 1" : Math.round(missing * 100)} %` })
      : "",
    unpriced > 0 ? say("bill.unpriced", { energy: amountText(unpriced * 1000) }) : "",
    estimated > 0
      ? say("bill.energy_estimated", { part: `${estimated < 0.01 ? "< 1" : Math.round(estimated * 100)} %` })
      : "",
  ].filter(Boolean);
}

export function amountOf(line: BillLine, bill: Bill): string {
  const text = moneyText(line.amount, bill.currency, bill.digits);
  return line.included ? `(${text})` : text;
}
