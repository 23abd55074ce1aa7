/** The rules of a device's schedule as text, and as the arguments of the actions that change them. */
import type { Device, ScheduleRule } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** The actions that change a schedule; the section shows them, not the list of actions. */
export const SCHEDULE_ACTIONS: readonly string[] = ["schedule", "unschedule"];

const AWAITED_S = 30; // after a device has connected: one that has not reported its rules by then keeps none

/** Whether its rules were read. */
export function hasSchedule(device: Device): boolean {
  return device.schedule !== null;
}

/** Whether it may still report its rules: their place is kept. */
export function awaitsSchedule(device: Device, now: number): boolean {
  if (hasSchedule(device) || !device.actions.some((one) => one.name === SCHEDULE_ACTIONS[0])) return false;
  return device.state !== "online" || now - Date.parse(device.since ?? "") / 1000 < AWAITED_S;
}

export type Day = (typeof DAYS)[number];

/**
 * What the form holds. `after` and `lasts`: minutes as typed; `offset`: minutes after (or, with a minus, before) the
 * sun.
 */
export type RuleForm = {
  kind: ScheduleRule["kind"];
  turn: "on" | "off";
  sun: "" | "sunrise" | "sunset";
  at: string;
  offset: string;
  after: string;
  lasts: string;
  days: readonly Day[];
  once: boolean;
  name: string;
};

export const NEW_RULE: RuleForm = {
  kind: "timer",
  turn: "on",
  sun: "",
  at: "07:30",
  offset: "0",
  after: "15",
  lasts: "",
  days: DAYS,
  once: false,
  name: "",
};

/** "On at 07:30", "Off 15 min after it was switched on". */
export function ruleText(rule: ScheduleRule): string {
  if (rule.kind === "auto_off") return say("device.rule_auto_off", { span: spanText(rule.after_s) });
  const on = say(rule.turn === "on" ? "device.rule_on" : "device.rule_off", { time: momentText(rule) });
  return rule.lasts_s ? say("device.rule_lasts", { rule: on, span: spanText(rule.lasts_s) }) : on;
}

/** "daily", "Mon–Fri", "once: Sat". */
export function daysText(rule: ScheduleRule): string {
  const days = DAYS.filter((day) => rule.days.includes(day));
  const first = days[0];
  const last = days[days.length - 1];
  const isRun = days.length > 2 && DAYS.indexOf(last as Day) - DAYS.indexOf(first as Day) === days.length - 1;
  const text =
    days.length === DAYS.length
      ? say("device.rule_daily")
      : isRun
        ? `${dayName(first as Day)}–${dayName(last as Day)}`
        : days.map(dayName).join(", ");
  return !rule.weekly ? say("device.rule_once", { days: text }) : text;
}

export function dayName(day: Day): string {
  return sayIfKnown(`device.day_${day}`, day);
}

/** The form that shows a rule. */
export function formOf(rule: ScheduleRule): RuleForm {
  return {
    kind: rule.kind,
    turn: rule.turn,
    sun: rule.sun,
    at: rule.at || NEW_RULE.at,
    offset: String(rule.offset_min),
    after: String(rule.after_s / 60 || NEW_RULE.after),
    lasts: rule.lasts_s ? String(rule.lasts_s / 60) : "",
    days: DAYS.filter((day) => rule.days.includes(day)),
    once: !rule.weekly,
    name: rule.name,
  };
}

/** The arguments of the action "schedule". `rule`: the id of the rule to change; "": a new one. */
export function argumentsOf(form: RuleForm, rule: string): Record<string, string> {
  const common = { days: form.days.join(","), once: form.once ? "yes" : "no", name: form.name.trim() };
  const named = rule ? { rule, ...common } : common;
  if (form.kind === "auto_off") return { ...named, after: `${seconds(form.after)}s` };
  return { ...named, at: moment(form), turn: form.turn, lasts: form.lasts.trim() ? `${seconds(form.lasts)}s` : "none" };
}

function moment({ sun, at, offset }: RuleForm): string {
  const minutes = Math.round(Number(offset.replace("−", "-")) || 0);
  if (!sun) return at;
  return minutes ? `${sun}${minutes > 0 ? "+" : "-"}${Math.abs(minutes)}m` : sun;
}

/** What is not a number becomes 0, which the hub refuses with a sentence. */
function seconds(minutes: string): number {
  return Math.round((Number(minutes.replace(",", ".")) || 0) * 60);
}

function momentText(rule: ScheduleRule): string {
  if (!rule.sun) return rule.at;
  const sun = say(rule.sun === "sunrise" ? "device.sunrise" : "device.sunset");
  const minutes = rule.offset_min;
  if (!minutes) return sun;
  return say(minutes > 0 ? "device.after_sun" : "device.before_sun", { minutes: Math.abs(minutes), sun });
}

function spanText(span: number): string {
  if (span && span % 3600 === 0) return say("device.span_h", { count: span / 3600 });
  if (span && span % 60 === 0) return say("device.span_min", { count: span / 60 });
  return say("device.span_s", { count: span });
}
