/** Homes and commands for tests, and the texts of the page in English. */
import { loadWords } from "../text/words";
import type { FleetCommand, FleetHome, HomeRow } from "./shapes";
import { FLEET_TEXTS } from "./texts";

await loadWords("en", "en-GB", null, FLEET_TEXTS.en);

export const NOON = Date.parse("2026-11-30T12:00:00Z") / 1000;

export function row(id: string, more: Partial<HomeRow> = {}): HomeRow {
  return {
    id,
    organisation: 1,
    name: `Home ${id}`,
    place: "",
    state: "well",
    seen: "2026-11-30T11:59:55Z",
    power_W: 300,
    import_Wh: 4000,
    export_Wh: null,
    solar_Wh: null,
    devices: 3,
    devices_offline: 0,
    alerts: [],
    behind: 0,
    version: "0.9.2",
    levels: ["quarter", "energy"],
    ...more,
  };
}

type Access = FleetHome["devices"][number]["points"][number]["access"];
type Points = readonly (readonly [string, string, Access?])[]; // key, kind, whether it can be set

export function fleetHome(
  devices: Readonly<Record<string, { parent?: string; produces?: boolean; points: Points }>>,
  more: Partial<FleetHome> = {},
): FleetHome {
  const listed = Object.entries(devices).map(([id, { parent = "", produces = false, points }]) => ({
    id,
    name: id,
    room: "",
    parent,
    kind: "",
    product: "",
    main: "",
    produces,
    points: points.map(([key, kind, access = ""]) => ({
      key,
      kind,
      unit: /_(W|Wh)$/.exec(key)?.[1] ?? "",
      exponent: 0,
      label: "",
      access,
      options: [],
      minimum: null,
      maximum: null,
    })),
  }));
  return {
    row: row("one"),
    role: "operator",
    timezone: "Europe/Madrid",
    joined: "2026-09-01T00:00:00Z",
    revoked: null,
    hello: "2026-11-30T11:00:00Z",
    let_out: { levels: ["quarter", "energy"], names: true, events: true, questions: true, control: true },
    devices: listed,
    stored: [],
    newest: null,
    ...more,
  };
}

export function command(more: Partial<FleetCommand> = {}): FleetCommand {
  return {
    id: "c1",
    batch: "b1",
    home: "one",
    name: "Home one",
    device: "pump",
    point: "",
    value: false,
    who: "marta",
    at: "2026-11-30T11:03:00Z",
    until: "2026-11-30T12:03:00Z",
    state: "sent",
    reason: "",
    changed: null,
    ...more,
  };
}
