import { describe, expect, it } from "vitest";

import { dayFrom } from "../time/calendar";
import {
  amountOf,
  billCsvRows,
  billNotes,
  lineName,
  lineNotes,
  neighbours,
  periodText,
  quantityOf,
  rateOf,
} from "./bill";
import type { Bill, BillLine, Tariff } from "./shapes";

const line = (more: Partial<BillLine>): BillLine =>
  ({
    kind: "energy",
    part: "Energy",
    text: "",
    amount: "23.15",
    zone: "punta",
    quantity: "123.456",
    unit: "kWh",
    rate: "0.1875",
    average: null,
    tax: "6.15",
    tier: 0,
    since: "2026-10-01",
    until: "2026-10-31",
    days: 0,
    estimated: 0,
    fallback: false,
    included: false,
    ...more,
  }) as BillLine;
const BILL = {
  tariff: "home",
  currency: "EUR",
  digits: 2,
  period: "2026-10",
  since: "2026-10-01",
  until: "2026-10-31",
  total: "23.15",
  lines: [line({})],
  periods: ["2026-11", "2026-10", "2026-09"],
  complete: true,
} as unknown as Bill;
const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("a line of a bill", () => {
  it("names its part, zone and tier, with quantity, rate and amount", () => {
    expect([lineName(line({})), lineName(line({ zone: "", tier: 2 }))]).toEqual(["Energy, punta", "Energy, tier 2"]);
    expect([plain(quantityOf(line({}), BILL)), rateOf(line({}), BILL), amountOf(line({}), BILL)]).toEqual([
      "123 kWh",
      "€0.1875/kWh",
      "€23.15",
    ]);
    expect(rateOf(line({ rate: null, average: "0.12" }), BILL)).toBe("∅ €0.12/kWh");
    expect(quantityOf(line({ kind: "standing", quantity: "29", unit: "day", days: 29 }), BILL)).toBe("29 days");
    expect(rateOf(line({ kind: "tax", rate: "21", unit: "" }), BILL)).toBe("21 %");
    const tariff = { parts: [{ kind: "power", name: "Power", per: "year" }] } as unknown as Tariff;
    expect(rateOf(line({ kind: "power", part: "Power", rate: "31.4", unit: "kW", days: 31 }), BILL, tariff)).toBe(
      "€31.40/kW per year",
    );
  });

  it("says what is estimated, of other days, or contained in the prices", () => {
    expect(lineNotes(line({}), BILL)).toBe("");
    expect(lineNotes(line({ estimated: 0.004, until: "2026-10-14" }), BILL)).toMatch(/1 – 14 Oct 2026 · < 1 %/);
    expect(amountOf(line({ kind: "tax", included: true }), BILL)).toBe("(€23.15)");
  });
});

describe("a bill", () => {
  it("has a name for each period, and neighbours", () => {
    expect(["2026-10", "2026", "2026-10-01..2026-10-14"].map(periodText)).toEqual([
      "October 2026",
      "2026",
      "1 – 14 Oct 2026",
    ]);
    expect(neighbours(BILL.periods ?? [], "2026-10")).toEqual({ before: "2026-09", after: "2026-11" });
    expect(neighbours([], "2026-10")).toEqual({ before: undefined, after: undefined });
  });

  it("is a file with exact amounts and the total", () => {
    const rows = billCsvRows(BILL);
    expect(rows[1]).toContain("23.15");
    expect(rows.at(-1)).toContain("total");
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  it("says why it is not final", () => {
    expect(billNotes(BILL, dayFrom("2026-11-30")!)).toEqual([]);
    expect(billNotes({ ...BILL, missing_share: 0.02, unpriced_kWh: 3 }, dayFrom("2026-11-30")!)).toHaveLength(2);
    expect(billNotes({ ...BILL, missing_share: 0.02 }, dayFrom("2026-10-20")!)).toHaveLength(1);
  });
});
