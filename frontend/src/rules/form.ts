/** What the form of a new rule makes of its fields: the keys of a [[rule]] table. */
export const KINDS = ["time", "sun", "auto_off", "limit", "surplus", "threshold", "timer"] as const;
export type Kind = (typeof KINDS)[number];

export type Draft = {
  kind: Kind;
  name: string;
  device: string;
  turn: "on" | "off";
  time: string;
  event: "sunrise" | "sunset";
  offset: string;
  days: string;
  minutes: string;
  lasts: string;
  watts: string;
  seconds: string;
  meter: string;
  least: string;
  most: string;
  point: string;
  above: boolean;
  limit: string;
};

export const EMPTY: Draft = {
  kind: "time",
  name: "",
  device: "",
  turn: "on",
  time: "07:00",
  event: "sunset",
  offset: "0",
  days: "daily",
  minutes: "15",
  lasts: "",
  watts: "1000",
  seconds: "10",
  meter: "",
  least: "20",
  most: "",
  point: "",
  above: true,
  limit: "",
};

/** The keys; `name` as it was typed, else `fallback`. */
export function keysOf(draft: Draft, fallback: string): Record<string, string> {
  const keys = { name: draft.name.trim() || fallback, ...bodyOf(draft) };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== ""));
}

/** The first field without which, or with whose value, this kind cannot be; undefined where nothing is missing. */
export function missingIn(draft: Draft): Needed | undefined {
  return ["device" as const, ...NEEDED[draft.kind]].find((key) => !IS_GIVEN[key](draft[key]));
}

export type Needed = "device" | "time" | "offset" | "minutes" | "watts" | "meter" | "point" | "limit";

const NEEDED: Readonly<Record<Kind, readonly Needed[]>> = {
  time: ["time"],
  sun: ["offset"],
  auto_off: ["minutes"],
  limit: ["watts"],
  surplus: ["meter", "watts", "minutes"],
  threshold: ["point", "limit"],
  timer: ["minutes"],
};
const IS_GIVEN: Readonly<Record<Needed, (value: string) => boolean>> = {
  device: Boolean,
  time: (value) => /^\d\d:\d\d$/.test(value),
  offset: (value) => Number.isInteger(Number(value)),
  minutes: isPositive,
  watts: isPositive,
  meter: Boolean,
  point: Boolean,
  limit: (value) => value.trim() !== "" && Number.isFinite(Number(value)),
};

/** A key of a rule as it is edited: a list has a line for each item. Undefined where it holds more than texts. */
export function editedText(value: unknown): string | undefined {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.every((one) => typeof one === "string" && !one.includes("\n"))
    ? value.join("\n")
    : undefined;
}

/** The key that edited text stands for; null takes it away. */
export function keyOf(text: string): string | readonly string[] | null {
  const lines = text
    .split("\n")
    .map((one) => one.trim())
    .filter(Boolean);
  return lines.length > 1 ? lines : (lines[0] ?? null);
}

function bodyOf(draft: Draft): Record<string, string> {
  const { device, turn } = draft;
  const days = draft.days === "daily" ? "" : draft.days;
  const set = `${device} ${turn}`;
  switch (draft.kind) {
    case "time":
      return { at: draft.time, days, set, lasts: minutesText(draft.lasts) };
    case "sun":
      return { at: sunText(draft.event, Number(draft.offset)), days, set, lasts: minutesText(draft.lasts) };
    case "auto_off":
      return { when: `${device} is on for ${draft.minutes} min`, set: `${device} off` };
    case "limit":
      return {
        when: `${device}.power_W > ${draft.watts} W${isPositive(draft.seconds) ? ` for ${draft.seconds} s` : ""}`,
        set: `${device} off`,
      };
    case "surplus": {
      const most = isPositive(draft.most) ? `${draft.most} min a day` : "";
      return {
        while: `${draft.meter}.export_W > ${draft.watts} W for ${draft.minutes} min`,
        set: `${device} on`,
        at_least: minutesText(draft.least),
        at_most: most,
      };
    }
    case "threshold":
      return {
        while: `${draft.point} ${draft.above ? ">" : "<"} ${draft.limit.trim()}${isPositive(draft.minutes) ? ` for ${draft.minutes} min` : ""}`,
        set,
      };
    case "timer":
      return {};
  }
}

function sunText(event: string, minutes: number): string {
  return minutes ? `${event} ${minutes < 0 ? "-" : "+"} ${Math.abs(minutes)} min` : event;
}

function minutesText(text: string): string {
  return isPositive(text) ? `${text} min` : "";
}

function isPositive(text: string): boolean {
  return Number(text) > 0;
}
