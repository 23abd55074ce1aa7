import { describe, expect, it } from "vitest";

import type { Point } from "../../data/shapes";
import { point } from "../../devices/testing";
import { sourcesText } from "./sources";

const points = (...confidence: Point["confidence"][]) =>
  confidence.map((one, index) => point(`power_${index}_W`, { confidence: one }));

describe("how sure a profile is", () => {
  it("is not said if it names no sources", () => {
    expect(sourcesText(points("", ""))).toBe("");
    expect(sourcesText([])).toBe("");
  });
  it("counts numbers only", () => {
    const on = point("on", { confidence: "single" });
    expect(sourcesText([on])).toBe("");
    expect(sourcesText([on, ...points("confirmed", "confirmed")])).toBe("confirmed by two sources");
    expect(sourcesText(points("confirmed", "single"))).toBe(
      "1 of 2 points confirmed by two sources, the others from one",
    );
    expect(sourcesText(points("single"))).toBe("from one source");
  });
  it("names what sources disagree on, but not all of many", () => {
    expect(sourcesText(points("confirmed", "disputed"))).toBe("sources disagree on power_1_W");
    expect(sourcesText(points("disputed", "disputed", "disputed", "disputed", "disputed"))).toBe(
      "sources disagree on power_0_W, power_1_W, power_2_W and 2 more",
    );
  });
  it("counts the points of an unknown product, whatever they are", () => {
    const on = point("on", { confidence: "matched" });
    expect(sourcesText([on, ...points("matched")])).toBe("2 points named by what it reports");
    expect(sourcesText([on, ...points("guessed")])).toBe("2 points named by what it reports, 1 of them guessed");
  });
});
