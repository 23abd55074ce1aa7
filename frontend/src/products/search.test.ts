import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { confidenceText, countText, idText, MOST, nextLimit, placeOf, requestOf, searchOf, STEP } from "./search";

describe("a search", () => {
  it("is kept in the address of the page", () => {
    const texts = fc.string().filter((text) => text === text.trim());
    fc.assert(
      fc.property(texts, fc.constantFrom("", "plug", "sensor_door"), (text, kind) => {
        const place = new URL(placeOf({ text, kind }), "http://hub");
        expect(place.pathname).toBe("/products");
        expect(searchOf(place.searchParams)).toEqual({ text, kind });
      }),
    );
  });
  it("asks for all products if it is empty", () => {
    expect(placeOf({ text: "  ", kind: "" })).toBe("/products");
    expect(requestOf({ text: " ", kind: "" }, STEP)).toBe("/api/products?limit=50");
  });
  it("asks for no longer text than the hub accepts", () => {
    const sent = new URL(requestOf({ text: "a".repeat(500), kind: "plug" }, STEP), "http://hub");
    expect(sent.searchParams.get("q")).toHaveLength(200);
    expect(sent.searchParams.get("kind")).toBe("plug");
  });
});

describe("showing more", () => {
  it("ends with the last product, or where the hub returns no more", () => {
    expect(nextLimit(STEP, 50, 60)).toBe(100);
    expect(nextLimit(STEP, 50, 50)).toBe(0);
    expect(nextLimit(MOST, MOST, 600)).toBe(0);
    expect(nextLimit(175, 175, 600)).toBe(MOST);
  });
});

describe("the texts of a product", () => {
  it("count", () => {
    expect(countText(1)).toBe("1 product");
    expect(countText(644)).toBe("644 products");
  });
  it("say how sure it is, and nothing if no source is named", () => {
    expect(confidenceText({ confidence: "disputed" })).toBe("sources disagree");
    expect(confidenceText({ confidence: "" })).toBe("");
  });
  it("name its ids once", () => {
    expect(idText({ product: "81yrt3lo", zigbee: "_T…_81yrt3lo" })).toBe("81yrt3lo · Zigbee _T…_81yrt3lo");
    expect(idText({ product: "_TZE200_ntcy3xu1", zigbee: "_TZE200_ntcy3xu1" })).toBe("_TZE200_ntcy3xu1");
    expect(idText({ product: "", zigbee: "" })).toBe("");
  });
});
