import { expect, test } from "vitest";

import { ruleText, spanText, type Condition, type Rule } from "./sentence";

const NONE = {
  text: "",
  value: null,
  unit: "",
  device: "",
  point: "",
  operator: "",
  limit: "",
  for_s: 0,
  until: "",
  start: "",
  end: "",
  days: "",
  inside: true,
  guard: false,
  holds: null,
};
const rule = (part: Partial<Rule>) =>
  ({
    name: "x",
    trigger: "while",
    state: "idle",
    text: "",
    why: "",
    at: [],
    days: "daily",
    conditions: [],
    any_of: false,
    settings: [{ device: "boiler", point: "on", text: "on", value: true, unit: "" }],
    lasts_s: 0,
    at_least_s: 0,
    at_most_s: 0,
    at_most_daily: false,
    notify: "",
    ...part,
  }) as Rule;
const surplus = {
  ...NONE,
  kind: "value",
  device: "meter",
  point: "export_W",
  operator: ">",
  limit: "1 kW",
  for_s: 300,
} as Condition;
const night = { ...NONE, kind: "between", start: "30 min before sunset", end: "23:00", guard: true } as Condition;

test("a rule is a sentence of its parts", () => {
  const text = ruleText(
    rule({ conditions: [surplus], at_least_s: 1200, at_most_s: 10_800, at_most_daily: true }),
    () => undefined,
  );
  expect(text).toBe(
    "As long as meter, fed in is above 1 kW for 5\u00a0min: boiler: on, at least 20\u00a0min, at most 3\u00a0h a day",
  );
});

test("times and what must hold besides", () => {
  const text = ruleText(
    rule({ trigger: "at", at: ["07:30", "sunset"], days: "workdays", conditions: [night], notify: "Hello" }),
    () => undefined,
  );
  expect(text).toBe(
    "At 07:30, sunset, workdays, if it is between 30 min before sunset and 23:00: boiler: on, sends: Hello",
  );
});

test.each([
  ["mon to fri", "Mon–Fri"],
  ["mon, wed", "Mon, Wed"],
  ["sat, sun", "weekend"],
])("the days %s are written %s", (days, written) => {
  expect(ruleText(rule({ trigger: "at", at: ["07:30"], days }), () => undefined)).toContain(`, ${written}: boiler`);
});

test("spans", () => {
  expect([spanText(90), spanText(5400), spanText(0)]).toEqual([
    "1\u00a0min 30\u00a0s",
    "1\u00a0h 30\u00a0min",
    "0\u00a0s",
  ]);
});
