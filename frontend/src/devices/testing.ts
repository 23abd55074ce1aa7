/** Devices for tests. */
import type { Device, Point } from "../data/shapes";

type How = Partial<Omit<Device, "points">> & { points?: readonly (string | Point)[] };

export function point(key: string, more: Partial<Point> = {}): Point {
  const unit = /_(W|V|A|Wh|C|s|dBm|percent)$/.exec(key)?.[1] ?? "";
  const kind = key === "on" ? "switch" : key.startsWith("energy_") ? "counter" : "number";
  return {
    key,
    kind,
    unit,
    access: kind === "switch" ? "rw" : "r",
    exponent: -1,
    label: "",
    options: [],
    minimum: null,
    maximum: null,
    confidence: "",
    ...more,
  };
}

export function device(id: string, { points = [], ...more }: How = {}): Device {
  return {
    id,
    identity: id,
    family: "toy",
    state: "online",
    since: "2026-11-20T12:00:00Z",
    reason: "",
    link: "memory:",
    profile: "toy/toy",
    points: points.map((one) => (typeof one === "string" ? point(one) : one)),
    actions: [],
    name: "",
    parent: "",
    main: "",
    room: "",
    produces: false,
    info: {},
    schedule: [],
    critical: false,
    favourite: false,
    colour: null,
    ...more,
  };
}
