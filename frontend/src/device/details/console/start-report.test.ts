import { describe, expect, it } from "vitest";

import { device } from "../../../devices/testing";
import { hasStartReport, isOfStart, startGroups } from "./start-report";

const NOW = Date.parse("2026-11-20T14:00:00Z") / 1000;
const PLUG = device("plug", {
  info: {
    version: "2.1.7",
    start_at: "2026-11-20T12:00:00.000Z",
    start_reset_reason: "HAL_WDT_SOFTWARE_RESET",
    start_timer_rules: "0",
    start_platform: "",
  },
});

describe("the report of a start", () => {
  it("groups its facts by subject and leaves out what the start did not report", () => {
    expect(startGroups(PLUG, NOW, "UTC")).toEqual([
      {
        key: "start",
        rows: [
          { name: "Time", value: "12:00" },
          { name: "Reason", value: "its own software restarted it (HAL_WDT_SOFTWARE_RESET)" },
        ],
      },
      { key: "versions", rows: [{ name: "Firmware", value: "2.1.7" }] },
      { key: "rules", rows: [{ name: "Timers", value: "0" }] },
    ]);
  });

  it("shows a reason that has no name as it is", () => {
    const plug = device("plug", { info: { start_at: "2026-11-20T12:00:00Z", start_reset_reason: "HAL_OTHER" } });
    expect(startGroups(plug, NOW, "UTC")[0]?.rows[1]?.value).toBe("HAL_OTHER");
  });

  it("is there once a start was received, and stands apart from the other details", () => {
    expect([hasStartReport(PLUG), hasStartReport(device("plug"))]).toEqual([true, false]);
    expect([isOfStart("start_at"), isOfStart("started"), isOfStart("version")]).toEqual([true, false, false]);
  });
});
