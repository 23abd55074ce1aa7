import { describe, expect, it } from "vitest";

import { carbonText, currencySign, moneyText, priceText } from "./money";

describe("money", () => {
  it("has the digits of its currency, and a minus sign that is one", () => {
    expect([
      moneyText("92.0149", "EUR"),
      moneyText("-2.81", "EUR"),
      moneyText("-0.001", "EUR"),
      moneyText("1204.5", "EUR"),
      moneyText("420", "JPY", 0),
    ]).toEqual(["€92.01", "−€2.81", "€0.00", "€1,204.50", "¥420"]);
    expect([moneyText(null, "EUR"), moneyText("", "EUR"), priceText(undefined, "EUR")]).toEqual(["–", "–", "–"]);
  });

  it("of a kilowatt-hour has up to four digits, also below zero", () => {
    expect([priceText("0.1", "EUR"), priceText("0.11234567", "EUR"), priceText("-0.0123", "EUR")]).toEqual([
      "€0.10/kWh",
      "€0.1123/kWh",
      "−€0.0123/kWh",
    ]);
    expect(currencySign("EUR")).toBe("€");
  });

  it("has beside it the carbon dioxide", () => {
    expect(
      [carbonText(31.42), carbonText(0.42), carbonText(1234), carbonText(null)].map((text) =>
        text.replace("\u202f", " "),
      ),
    ).toEqual(["31.4 kg", "420 g", "1,234 kg", "–"]);
  });
});
