/**
 * Money and prices for display, in the numbers of the locale. Amounts of the API are exact texts; they become numbers
 * only here, to be shown. Pure.
 *
 *     92.01 €   −2.81 €   1,204.50 €   0.1123 €/kWh   31.4 kg
 */
import { cached } from "../data/cached";
import { MINUS, THIN } from "../text/format";
import { numberLocale } from "../text/words";

export const NO_MONEY = "–";

/** `92.01 €`; `–` where it is not known. `digits`: of the currency behind its point. */
export function moneyText(amount: string | number | null | undefined, currency: string, digits = 2): string {
  const value = numberOf(amount);
  if (value === undefined) return NO_MONEY;
  return signed(formatOf(currency, digits, digits).format(Math.abs(value)), value, digits);
}

/** `0.1123 €/kWh`: a price has up to four digits more than none, and at least those of the currency. */
export function priceText(price: string | number | null | undefined, currency: string, digits = 2): string {
  const value = numberOf(price);
  if (value === undefined) return NO_MONEY;
  return `${signed(formatOf(currency, digits, Math.max(digits, 4)).format(Math.abs(value)), value, 6)}/kWh`;
}

/** The sign of a currency: `€`. */
export function currencySign(currency: string): string {
  return (
    formatOf(currency, 0, 0)
      .formatToParts(0)
      .find((part) => part.type === "currency")?.value ?? currency
  );
}

/** `31.4 kg`, `420 g`: of carbon dioxide. */
export function carbonText(kg: number | null | undefined): string {
  if (kg === null || kg === undefined || !Number.isFinite(kg)) return NO_MONEY;
  const size = Math.abs(kg);
  const [number, unit, decimals] = size < 1 ? [size * 1000, "g", 0] : size < 100 ? [size, "kg", 1] : [size, "kg", 0];
  return signed(`${plain(decimals).format(number)}${THIN}${unit}`, kg, size < 1 ? 3 : decimals);
}

/** An exact text as a number to be shown; undefined where there is none. */
export function numberOf(amount: string | number | null | undefined): number | undefined {
  const value = amount === null || amount === undefined || amount === "" ? NaN : Number(amount);
  return Number.isFinite(value) ? value : undefined;
}

function signed(text: string, value: number, digits: number): string {
  return Math.round(value * 10 ** digits) < 0 ? MINUS + text : text;
}

function formatOf(currency: string, least: number, most: number): Intl.NumberFormat {
  const place = `${numberLocale()} ${currency} ${least} ${most}`;
  const options: Intl.NumberFormatOptions = {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  };
  return cached(formats, place, () => new Intl.NumberFormat(numberLocale(), options));
}

function plain(decimals: number): Intl.NumberFormat {
  const place = `${numberLocale()} ${decimals}`;
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return cached(formats, place, () => new Intl.NumberFormat(numberLocale(), options));
}

const formats = new Map<string, Intl.NumberFormat>();
