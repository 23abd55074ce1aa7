import { afterEach, describe, expect, it, vi } from "vitest";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, text: string) => void kept.set(key, text),
  removeItem: (key: string) => void kept.delete(key),
});

const { keepNumbers, keepTemperature, keptNumbers, shownAs } = await import("./kept");
const { loadWords } = await import("../text/words");
const { decimalText, quantityText, timeText } = await import("../text/format");

afterEach(async () => {
  kept.clear();
  keepTemperature("°C");
  await loadWords("en", "en-GB");
});

describe("this browser", () => {
  it("shows temperatures in degrees Fahrenheit, and scales with round ones", () => {
    expect(quantityText(21.5, "°C", -1)).toBe("21.5\u202f°C");
    expect(keepTemperature("°F")).toBe(true);
    expect([quantityText(21.5, "°C", -1), quantityText(-40, "°C", 0), quantityText(5, "W")]).toEqual([
      "70.7\u202f°F",
      "−40\u202f°F",
      "5.0\u202fW",
    ]);
    const { unit, to, from } = shownAs("°C");
    expect([unit, to(100), from(212)]).toEqual(["°F", 212, 100]);
  });

  it("has numbers of one locale and words of another", async () => {
    keepNumbers("de-DE");
    await loadWords("en", "en-GB", keptNumbers());
    expect(decimalText(12_345.67, 2)).toBe("12.345,67");
    expect(timeText(1_763_466_060, 1_763_552_460, "Europe/Madrid")).toBe("18 Nov 12:41");
    keepNumbers("xx");
    expect(keptNumbers()).toBe(null);
  });
});
