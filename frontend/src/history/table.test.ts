import { describe, expect, it } from "vitest";

import type { Energy, Series } from "../data/shapes";
import { editNotes } from "./bar_tip";
import { dayFrom, instantOf, spanOf } from "../time/calendar";
import { monthsOf } from "./energy";
import { csvText, energyCsv, energyTable, historyTable, isoText, periodText } from "./table";

const MADRID = "Europe/Madrid";
const NOON = instantOf({ ...dayFrom("2026-11-20")!, hour: 12 }, MADRID);
const HOUR = { start: NOON, end: NOON + 3600 };

function series(at: number[], value: Series["value"], more: Partial<Series> = {}): Series {
  return {
    device: "kettle",
    point: "power_W",
    unit: "W",
    kind: "number",
    exponent: -1,
    at,
    value,
    min: null,
    mean: null,
    max: null,
    marks: [],
    ...more,
  };
}

describe("the table under a chart", () => {
  it("has a row for each time, newest first, with empty cells for missing values", () => {
    const kettle = series([NOON, NOON + 10], [1020, null], { marks: [[0, "estimated", ["gap"]]] });
    const fridge = series([NOON + 10, NOON + 20], [86, 87]);
    const table = historyTable(
      [
        { series: kettle, name: "Kettle" },
        { series: fridge, name: "Fridge" },
      ],
      HOUR,
      MADRID,
    );
    expect(table).toEqual({
      head: ["Time", "Kettle", "Fridge"],
      rows: [
        ["Fri 20 Nov 12:00:20", "", "87\u202fW"],
        ["Fri 20 Nov 12:00:10", "–", "86\u202fW"],
        ["Fri 20 Nov 12:00:00", "1.02\u202fkW, estimated", ""],
      ],
      step: "",
    });
  });

  it("contains the band of condensed values", () => {
    const kettle = series([NOON], [90], { mean: [86], min: [80], max: [1100] });
    expect(historyTable([{ series: kettle, name: "Kettle" }], HOUR, MADRID).rows[0]![1]).toBe(
      "86\u202fW (80\u202fW to 1.10\u202fkW)",
    );
  });

  it("has a row for each step of the clock where there would be too many", () => {
    const many = series(
      Array.from({ length: 3600 }, (_, index) => NOON + index),
      Array.from({ length: 3600 }, (_, index) => index % 2),
    );
    const table = historyTable([{ series: many, name: "Kettle" }], HOUR, MADRID);
    expect([table.rows.length, table.step]).toEqual([60, "1\u202fmin"]);
    expect(table.rows[0]).toEqual(["Fri 20 Nov 12:59", "0.5\u202fW (0\u202fW to 1.0\u202fW)"]);
    expect(historyTable([{ series: many, name: "Kettle" }], HOUR, MADRID, 0, 10).rows.length).toBe(4);
  });

  it("has days of the local calendar, those without values left out, and months", () => {
    const day = (text: string) => instantOf(dayFrom(text)!, MADRID);
    const hourly = (from: number, days: number) => Array.from({ length: 24 * days }, (_, index) => from + 3600 * index);
    const at = hourly(day("2026-10-24"), 3);
    const some = [{ series: series([...at, day("2026-10-27")], [...at.map((): number => 100), null]), name: "Kettle" }];
    const october = historyTable(some, spanOf("month", dayFrom("2026-10-25")!, MADRID), MADRID);
    expect([october.step, october.rows]).toEqual([
      "Day",
      [
        ["Mon 26 Oct", "100\u202fW"],
        ["Sun 25 Oct", "100\u202fW"],
        ["Sat 24 Oct", "100\u202fW"],
      ],
    ]);
    const year = historyTable(some, spanOf("year", dayFrom("2026-10-25")!, MADRID), MADRID);
    expect([year.step, year.rows]).toEqual(["Month", [["October 2026", "100\u202fW"]]]);
  });

  it("says of a switch for how long it was on", () => {
    const at = Array.from({ length: 100 }, (_, index) => NOON + 36 * index);
    const table = historyTable(
      [
        {
          series: series(
            at,
            at.map((_, index) => index % 4 === 0),
            { kind: "switch", unit: "" },
          ),
          name: "Kettle",
        },
      ],
      HOUR,
      MADRID,
      0,
      10,
    );
    expect(table.rows[0]![1]).toMatch(/^on (2\d) % of the time$/);
  });

  it("contains only the span", () => {
    expect(
      historyTable([{ series: series([NOON - 1, NOON + 3601], [1, 2]), name: "Kettle" }], HOUR, MADRID).rows,
    ).toEqual([]);
  });
});

describe("CSV", () => {
  it("quotes cells if necessary", () => {
    expect(
      csvText([
        ["a", 1],
        ['say "x"', "b,c"],
        ["line\nline", ""],
      ]),
    ).toBe('a,1\r\n"say ""x""","b,c"\r\n"line\nline",\r\n');
  });

  it("of energy has the start and end of each period with its offset, and empty cells for unknown values", () => {
    const { start, end } = spanOf("day", dayFrom("2026-10-25")!, MADRID);
    const energy: Energy = {
      by: "day",
      timezone: MADRID,
      at: [start, end, end + 86_400],
      rows: [
        {
          device: "kettle",
          point: "energy_import_Wh",
          Wh: [310.5, null],
          estimated: [true, false],
          gap: [true, false],
          edited: [true, false],
          void: [false, true],
        },
      ],
    };
    expect(energyCsv(energy, MADRID).split("\r\n")).toEqual([
      "start,end,kettle.energy_import_Wh,kettle.energy_import_Wh estimated,kettle.energy_import_Wh edited,kettle.energy_import_Wh void",
      "2026-10-25T00:00:00+02:00,2026-10-26T00:00:00+01:00,310.5,1,1,0",
      "2026-10-26T00:00:00+01:00,2026-10-27T00:00:00+01:00,,,0,1",
      "",
    ]);
  });

  it("has unambiguous times", () => {
    for (const zone of [MADRID, "Australia/Lord_Howe", "America/St_Johns", "UTC", "Asia/Kathmandu"])
      for (let at = 1_792_870_000; at < 1_793_000_000; at += 1801)
        expect(Date.parse(isoText(at, zone)) / 1000).toBe(at);
  });
});

describe("a table of energy", () => {
  it("distinguishes the repeated hour of a day with 25 hours", () => {
    const { start } = spanOf("day", dayFrom("2026-10-25")!, MADRID);
    const at = Array.from({ length: 26 }, (_, index) => start + index * 3600);
    const energy: Energy = {
      by: "hour",
      timezone: MADRID,
      at,
      rows: [
        {
          device: "kettle",
          point: "energy_import_Wh",
          Wh: at.slice(1).map(() => 1000),
          estimated: at.slice(1).map((_, index) => index === 2),
          gap: at.slice(1).map(() => false),
          edited: [],
          void: [],
        },
      ],
    };
    const { rows, head } = energyTable(energy, ["Kettle"], MADRID);
    expect(head).toEqual(["Hour", "Kettle"]);
    expect(rows).toHaveLength(25);
    expect(rows.slice(1, 5)).toEqual([
      ["01:00", "1.00\u202fkWh"],
      ["02:00 +02:00", "1.00\u202fkWh, estimated"],
      ["02:00 +01:00", "1.00\u202fkWh"],
      ["03:00", "1.00\u202fkWh"],
    ]);
  });

  it("says what was corrected and what was marked as wrong", () => {
    const at = [NOON, NOON + 86_400, NOON + 2 * 86_400, NOON + 3 * 86_400];
    const row = {
      device: "kettle",
      point: "energy_import_Wh",
      Wh: [1000, 1000, null],
      estimated: [true, false, false],
      gap: [false, false, false],
      edited: [true, false, false],
      void: [false, true, true],
    };
    const energy: Energy = { by: "day", timezone: MADRID, at, rows: [row] };
    expect(energyTable(energy, ["Kettle"], MADRID).rows.map(([, cell]) => cell)).toEqual([
      "1.00\u202fkWh, corrected",
      "1.00\u202fkWh, partly marked as wrong",
      "–, marked as wrong",
    ]);
    expect(editNotes([row], 0)).toEqual(["Some of this energy was corrected."]);
    expect(editNotes([row])).toHaveLength(2);
    const month = monthsOf(energy).rows[0]!;
    expect([month.edited, month.void, month.estimated]).toEqual([[true], [true], [true]]);
  });

  it("names days and months", () => {
    expect(periodText(NOON, "day", MADRID)).toBe("Fri 20 Nov");
    expect(periodText(NOON, "month", MADRID)).toBe("November 2026");
  });
});
