import { describe, expect, it } from "vitest";

import { dayFrom, instantOf } from "../../time/calendar";
import { viewOf } from "../view";
import { anomalyChange, anomalyDays, anomalyText, viewOfAnomaly, type Anomaly } from "./unusual";

const MADRID = "Europe/Madrid";
const at = (text: string) => instantOf(dayFrom(text)!, MADRID);
const VIEW = viewOf(new URLSearchParams("range=year&what=unusual"), dayFrom("2026-11-30")!);
const anomaly = (more: Partial<Anomaly>): Anomaly => ({
  kind: "day",
  device: "",
  start: at("2026-08-02"),
  end: at("2026-08-15"),
  days: 13,
  amount: 3379,
  usual: 11_047,
  cause: "",
  points: [],
  flags: [],
  ...more,
});

describe("what was unlike before", () => {
  it("is said in a sentence, with when and how much", () => {
    const away = anomaly({});
    expect(anomalyText(away, "The home", "")).toMatch(/3\.38\s?kWh.*11\.0?\s?kWh/);
    expect(anomalyDays(away, MADRID)).toBe("2 – 14 Aug 2026");
    expect(anomalyChange(away)).toBe("▼ 69 %");
    expect(anomalyText(anomaly({ kind: "base", amount: 212, usual: 91, cause: "heater" }), "", "Heater")).toMatch(
      /91\s?W.*212\s?W.*Heater/,
    );
    expect(anomalyText(anomaly({ kind: "night", device: "tv", amount: 600, usual: 3 }), "TV", "")).toContain("TV");
  });

  it("leads to the shortest period that shows it", () => {
    expect(viewOfAnomaly(anomaly({}), VIEW, MADRID)).toMatchObject({ range: "month", what: ["energy"], devices: null });
    expect(viewOfAnomaly(anomaly({ device: "tv", end: at("2026-08-03") }), VIEW, MADRID)).toMatchObject({
      range: "day",
      on: dayFrom("2026-08-02"),
      devices: ["tv"],
    });
    expect(
      viewOfAnomaly(
        anomaly({ kind: "night", device: "tv", start: at("2026-08-04"), end: at("2026-08-07") }),
        VIEW,
        MADRID,
      ),
    ).toMatchObject({ range: "week", what: ["power"] });
    expect(
      viewOfAnomaly(
        anomaly({ kind: "suspect", device: "tv", end: at("2026-08-03"), points: ["a_C", "power_W", "b", "c"] }),
        VIEW,
        MADRID,
      ).what,
    ).toEqual(["a_C", "power", "b"]);
    expect(viewOfAnomaly(anomaly({ end: at("2026-09-03") }), VIEW, MADRID).range).toBe("year");
  });
});
