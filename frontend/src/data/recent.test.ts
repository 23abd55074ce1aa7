import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { connection, devices, receive } from "./live";
import { flows, keepRecent, historyState, trackOf } from "./recent";
import type { Change, Device, History } from "./shapes";
import { device } from "../devices/testing";
import { energyOf, energyToday, keepToday } from "./today";

const METER = device("meter", { points: ["power_W", "energy_export_Wh", "energy_import_Wh"] });
const KETTLE = device("kettle", { parent: "meter", points: ["on", "power_W", "energy_import_Wh"] });
const AT = 1_800_000_000;

/** The hub's store, as far as these pages ask it. */
let stored: Partial<Record<string, unknown>> = {};
let asked: string[] = [];

vi.stubGlobal("fetch", (path: string) => {
  asked.push(path);
  const answer = stored[path.split("?")[0] ?? ""];
  return Promise.resolve(
    new Response(JSON.stringify(answer ?? { detail: "no store" }), { status: answer ? 200 : 503 }),
  );
});
keepRecent();
keepToday();

function watts(id: string, W: number, after: number): Change {
  return [id, "power_W", W, AT + after, "good", []];
}

function counter(id: string, Wh: number): Change {
  return [id, "energy_import_Wh", Wh, AT, "good", []];
}

async function opened(home: Device[], readings: Change[]): Promise<void> {
  receive({
    snapshot: { at: AT, version: "1", name: "", timezone: "UTC", devices: home, readings, alerts: [], role: "control" },
  });
  connection.value = "live";
  await vi.waitFor(() => expect(historyState.value).not.toBe("loading"));
}

function publish(readings: Change[]): void {
  receive({ changes: { at: AT, readings } });
}

function uses(): Record<string, number> {
  return Object.fromEntries(flows.value.uses.map((one) => [one.id || one.kind, one.W]));
}

beforeEach(() => {
  stored = {};
  asked = [];
});

afterEach(() => {
  connection.value = "connecting";
});

describe("the current flows", () => {
  it("are those at the meter's last reading, so that a kettle that was just switched on is not an unmeasured source", async () => {
    await opened([METER, KETTLE], [watts("meter", 200, 0), watts("kettle", 0, 0)]);
    publish([watts("kettle", 1000, 3)]);
    expect(uses()).toEqual({ kettle: 0, rest: 200 });
    publish([watts("meter", 1200, 4)]);
    expect(uses()).toEqual({ kettle: 1000, rest: 200 });
  });

  it("include a plug's reading shortly after the meter's", async () => {
    await opened([METER, KETTLE], [watts("meter", 200, 0), watts("kettle", 0, 0)]);
    publish([watts("meter", 1200, 10)]);
    expect(uses()).toEqual({ kettle: 0, rest: 1200 });
    publish([watts("kettle", 1000, 10.4)]);
    expect(uses()).toEqual({ kettle: 1000, rest: 200 });
  });

  it("exclude an unreachable device at once", async () => {
    await opened([METER, KETTLE], [watts("meter", 1200, 0), watts("kettle", 1000, 0)]);
    receive({
      changes: {
        at: AT,
        statuses: [{ device: "kettle", state: "offline", since: new Date((AT + 5) * 1000).toISOString(), reason: "" }],
      },
    });
    expect(uses()).toEqual({ rest: 1200 });
    expect(flows.value.silent.map((one) => one.id)).toEqual(["kettle"]);
    expect(trackOf("kettle").value(AT + 6)).toBeNull();
    expect(trackOf("kettle").value(AT + 4)).toBe(1000);
  });
});

describe("the values from before the page was opened", () => {
  const series = (value: (number | null)[]) =>
    ({
      device: "kettle",
      point: "power_W",
      at: [AT - 300, AT - 200],
      value,
      mean: null,
    }) as unknown as History["series"][number];

  it("are loaded from the store, with gaps", async () => {
    stored["/api/history"] = { start: AT - 600, end: AT, step: 0, series: [series([50, null])] };
    await opened([METER, KETTLE], [watts("kettle", 1000, 0)]);
    expect(asked.find((path) => path.startsWith("/api/history"))).toContain(
      "series=meter.power_W&series=kettle.power_W",
    );
    expect([-301, -300, -201, -200, 0].map((after) => trackOf("kettle").value(AT + after))).toEqual([
      null,
      50,
      50,
      null,
      1000,
    ]);
  });

  it("are loaded again after a reconnect", async () => {
    await opened([METER, KETTLE], [watts("kettle", 7, -250)]);
    expect(historyState.value).toBe("missing");
    connection.value = "lost";
    expect(historyState.value).toBe("loading");
    stored["/api/history"] = { start: AT - 600, end: AT, step: 0, series: [series([50, 60])] };
    await opened([METER, KETTLE], [watts("kettle", 1000, 0)]);
    expect(historyState.value).toBe("loaded");
    expect(trackOf("kettle").value(AT - 100)).toBe(60);
    expect(trackOf("kettle").value(AT - 310)).toBeNull();
  });
});

it("a home without devices is shown", async () => {
  await opened([], []);
  expect(historyState.value).toBe("loaded");
  expect(flows.value.total).toBe(0);
});

describe("today's energy", () => {
  it("is the counter minus its value at the beginning of the day", async () => {
    stored["/api/today"] = {
      since: 0,
      until: 9e9,
      levels: [
        ["kettle", "energy_import_Wh", 1000],
        ["meter", "energy_import_Wh", 5000],
      ],
    };
    await opened([METER, KETTLE], [counter("kettle", 1310), counter("meter", 11_400)]);
    await vi.waitFor(() => expect(energyToday(KETTLE)).toBe(310));
    expect(energyOf(["meter", "kettle"])).toBe(6710);
    publish([counter("kettle", 1320)]);
    expect(energyToday(KETTLE)).toBe(320);
  });

  it("is unknown if the store has no value from the beginning of the day", () => {
    expect(energyToday(device("new_plug"))).toBeUndefined();
    expect(energyOf([])).toBeUndefined();
    expect(devices.value).toHaveLength(2);
  });
});

describe("a clock that is set", () => {
  it("shows what is reported next, however old it looks", async () => {
    stored["/api/history"] = { step: null, series: [] };
    await opened([METER, KETTLE], [watts("meter", 2000, 86_400), watts("kettle", 1500, 86_400)]);
    const before = asked.length;
    receive({ changes: { at: AT - 86_400, readings: [watts("meter", 500, -86_400), watts("kettle", 100, -86_400)] } });
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before));
    await vi.waitFor(() => expect(historyState.value).not.toBe("loading"));
    receive({ changes: { at: AT - 86_399, readings: [watts("meter", 600, -86_399), watts("kettle", 200, -86_399)] } });
    expect(trackOf("kettle").value(Infinity)).toBe(200);
  });
});
