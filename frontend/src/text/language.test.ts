import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clockText, countText, decimalText, quantityText, sinceText, timeText, valueText } from "./format";
import { chosenLocale } from "./language";
import { loadWords, say, sayIfKnown } from "./words";

describe("the language of the page", () => {
  it.each([
    [null, ["de-AT", "en"], "de", "de-AT"],
    [null, ["fr-FR", "es", "de"], "es", "es"],
    [null, ["fr"], "en", "en-GB"],
    [null, [], "en", "en-GB"],
    [null, ["en-US", "de"], "en", "en-GB"],
    ["es", ["de", "es-MX"], "es", "es-MX"],
    ["de", ["en-US"], "de", "de"],
    ["en", ["de"], "en", "en-GB"],
    ["xx", ["de"], "de", "de"],
    [null, ["de-"], "de", "de"],
  ] as const)(
    "of the choice %s and the browser's %s is %s, with numbers as in %s",
    (kept, wanted, language, locale) => {
      expect(chosenLocale(kept, wanted)).toEqual({ language, locale });
    },
  );
});

describe("in German", () => {
  beforeAll(() => loadWords("de", "de-DE"));
  afterAll(() => loadWords("en", "en-GB"));

  it("are texts, numbers and times", () => {
    expect(say("now.row_today", { energy: quantityText(1240, "Wh") })).toBe("1,24\u202fkWh heute");
    expect(quantityText(-1234.5, "W")).toBe("−1,23\u202fkW");
    expect(valueText(false, { unit: "", exponent: 0 })).toBe("aus");
    expect([countText(12_408), decimalText(5862, 0), decimalText(12_480, 0)]).toEqual(["12.408", "5862", "12.480"]);
    expect(timeText(1_763_466_060, 1_763_552_460, "Europe/Madrid")).toBe("18. Nov. 12:41");
    expect(sinceText(1_763_466_060, 1_763_552_460, "Europe/Madrid")).toBe("18. Nov., 12:41 Uhr");
    expect(clockText(1_763_466_060, "UTC")).toBe("11:41:00");
    expect(sayIfKnown("app.flag_reset", "")).toBe("der Zähler wurde zurückgesetzt");
    expect(sayIfKnown("app.flag_new", "as it is")).toBe("as it is");
  });
});

describe("in Spanish of Mexico", () => {
  beforeAll(() => loadWords("es", "es-MX"));
  afterAll(() => loadWords("en", "en-GB"));

  it("numbers have a point", () => expect(quantityText(1240, "Wh")).toBe("1.24\u202fkWh"));
});
