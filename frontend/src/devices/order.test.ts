import { describe, expect, it } from "vitest";

import type { Device, State } from "../data/shapes";
import { listed, tally } from "./order";

const device = (id: string, state: State = "online", parent = ""): Device => ({
  id,
  identity: id,
  family: "tuya_wifi",
  state,
  since: null,
  reason: "",
  room: "",
  link: "",
  profile: "",
  points: [],
  actions: [],
  name: "",
  parent,
  main: "",
  produces: false,
  info: {}, schedule: [],
});

const HOUSE = [device("kettle"), device("meter"), device("door", "asleep", "gateway"), device("gateway", "offline"), device("1901", "seen")];
const ids = (order: "hierarchy" | "state") => listed(HOUSE, order).map((row) => `${" ".repeat(row.depth)}${row.device.id}`);

describe("the list of devices", () => {
  it("has sub-devices below their gateway, and no plugs that are not admitted", () => {
    expect(ids("hierarchy")).toEqual(["kettle", "meter", "gateway", " door"]);
  });

  it("has problems first when ordered by state, the others in hierarchical order", () => {
    expect(ids("state")).toEqual(["gateway", "door", "kettle", "meter"]);
  });

  it("is counted by state", () => {
    expect(tally(HOUSE)).toEqual([
      { state: "offline", count: 1 },
      { state: "asleep", count: 1 },
      { state: "online", count: 2 },
    ]);
  });
});
