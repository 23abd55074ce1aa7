import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { blocksOf, nameOf, rawLines } from "./answer";

describe("an answer", () => {
  it("is facts, with units in their names and digits in groups", () => {
    const [facts] = blocksOf({ total: 184320, low: null, uptime_s: 537, factory_mode: true, lines: ["x"] });
    expect(facts).toEqual({
      kind: "facts",
      title: "",
      rows: [
        { name: "Total", value: "184,320" },
        { name: "Uptime (s)", value: "537" },
        { name: "Factory mode", value: "yes" },
      ],
    });
  });

  it("is a table for each list, with numbers right-aligned", () => {
    const [table] = blocksOf({
      networks: [
        { ssid: "home", rssi_dBm: -60 },
        { ssid: "", rssi_dBm: -80 },
      ],
      empty: [],
    });
    expect(table).toEqual({
      kind: "table",
      title: "Networks",
      columns: [
        { name: "SSID", isNumber: false },
        { name: "Signal (dBm)", isNumber: true },
      ],
      rows: [
        ["home", "-60"],
        ["–", "-80"],
      ],
    });
    expect(blocksOf({ timers: ["a", "b"] })).toMatchObject([{ kind: "table", rows: [["a"], ["b"]] }]);
  });

  it("is facts with paths where it is nested", () => {
    expect(blocksOf({ cloud: { link: { up: false }, sub_list: [1, 2] } })).toEqual([
      {
        kind: "facts",
        title: "Cloud",
        rows: [
          { name: "Link · Up", value: "no" },
          { name: "Sub list", value: "1, 2" },
        ],
      },
    ]);
  });

  it("has its lines as received, else those that were not understood", () => {
    expect(rawLines({ lines: ["a"], unread: ["b"] })).toEqual(["a"]);
    expect(rawLines({ unread: ["b"] })).toEqual(["b"]);
    expect(rawLines({})).toEqual([]);
    expect(blocksOf({ unread: ["b"], lines: ["a"] })).toEqual([]);
  });

  it("can be any JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (answer) => void [blocksOf(answer), rawLines(answer)]),
    );
  });

  it("names fields that have no name of their own by their key", () => {
    expect(nameOf("bind_id")).toBe("Bind id");
  });
});
