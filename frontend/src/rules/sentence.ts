/**
 * A rule in words of the chosen language, made from its fields; what is not known of a device is shown as it is
 * written.
 */
import type { components } from "../api";
import type { Device, Value } from "../data/shapes";
import { titleOf } from "../devices/names";
import { nameOf, pointOf } from "../devices/points";
import { countText, MINUS, quantityText } from "../text/format";
import { say, sayIfKnown } from "../text/words";

type Schemas = components["schemas"];
export type Rule = Schemas["RuleView"];
export type Rules = Schemas["RulesView"];
export type RuleTest = Schemas["RuleTestView"];
export type Condition = Schemas["RuleConditionView"];

export type Find = (id: string) => Device | undefined;

/** `As long as Meter, fed in is above 1 kW for 5 min: Boiler: on, at least 20 min`. */
export function ruleText(rule: Rule, find: Find): string {
  const notify = rule.notify ? [say("rules.notify", { text: rule.notify })] : [];
  return `${beginning(rule, find)}: ${[...settings(rule, find), ...spans(rule), ...notify].join(", ")}`;
}

/** `90 s`, `5 min`, `1 h 30 min`. */
export function spanText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round(seconds % 60);
  const parts = [hours && `${hours}\u00a0h`, minutes && `${minutes}\u00a0min`, rest && `${rest}\u00a0s`].filter(
    Boolean,
  );
  return parts.join(" ") || "0\u00a0s";
}

export function conditionText(one: Condition, find: Find): string {
  const text = bare(one, find);
  return one.for_s ? say("rules.held", { condition: text, span: spanText(one.for_s) }) : text;
}

/** A moment of the day; those of the sun come as `30 min before sunset`. */
export function momentText(text: string): string {
  const sun = /^(?:(.+) (before|after) )?(sunrise|sunset)$/.exec(text);
  if (!sun) return text;
  const event = say(sun[3] === "sunrise" ? "rules.sunrise" : "rules.sunset");
  return sun[1] ? say(sun[2] === "before" ? "rules.before" : "rules.after", { span: sun[1], event }) : event;
}

export function switchText(value: Value): string {
  return typeof value === "boolean" ? say(value ? "rules.on" : "rules.off") : String(value);
}

function beginning(rule: Rule, find: Find): string {
  const days = rule.days === "daily" ? "" : `, ${daysText(rule.days)}`;
  const own = rule.conditions.filter((one) => !one.guard && (one.kind !== "days" || rule.days === "daily"));
  const guards = rule.conditions
    .filter((one) => one.guard)
    .map((one) => conditionText(one, find))
    .join(` ${say("rules.and")} `);
  const guard = guards ? `, ${say("rules.if", { condition: guards })}` : "";
  if (rule.trigger === "at") return say("rules.at", { times: rule.at.map(momentText).join(", ") }) + days + guard;
  const condition = own.map((one) => conditionText(one, find)).join(` ${say(rule.any_of ? "rules.or" : "rules.and")} `);
  return say(rule.trigger === "when" ? "rules.when" : "rules.while", { condition }) + days + guard;
}

function settings(rule: Rule, find: Find): string[] {
  return rule.settings.map((one) => {
    const value = one.value === null || one.value === undefined ? one.text : amount(one.value, one.unit);
    return say("rules.set", { device: subject(one.device, one.point, find), value });
  });
}

function spans(rule: Rule): string[] {
  const most = rule.at_most_daily ? "rules.at_most_daily" : "rules.at_most";
  return [
    rule.lasts_s ? say("rules.for", { span: spanText(rule.lasts_s) }) : "",
    rule.at_least_s ? say("rules.at_least", { span: spanText(rule.at_least_s) }) : "",
    rule.at_most_s ? say(most, { span: spanText(rule.at_most_s) }) : "",
  ].filter(Boolean);
}

function bare(one: Condition, find: Find): string {
  const device = named(one.device, find);
  if (one.kind === "state") return say(one.operator === "=" ? "rules.online" : "rules.offline", { device });
  if (one.kind === "between") {
    const parts = { start: momentText(one.start), end: momentText(one.end) };
    return say(one.inside ? "rules.between" : "rules.not_between", parts);
  }
  if (one.kind === "days") return say(one.inside ? "rules.days" : "rules.not_days", { days: daysText(one.days) });
  return compared(one, find);
}

function compared(one: Condition, find: Find): string {
  const parts = { subject: one.device ? subject(one.device, one.point, find) : one.point, value: limitText(one.limit) };
  if (one.operator === "=" || one.operator === "!=")
    return say(one.operator === "=" ? "rules.is" : "rules.is_not", parts);
  return say(one.operator.startsWith(">") ? "rules.above" : "rules.below", parts);
}

function subject(device: string, point: string, find: Find): string {
  const name = named(device, find);
  if (point === "export_W") return say("rules.export", { device: name });
  if (point === "import_W") return say("rules.import", { device: name });
  const known = find(device);
  if (!point || point === "on" || point === known?.main) return name;
  const described = known && pointOf(known, point);
  return say("rules.point", { device: name, point: described ? titleOf(described) : point });
}

function named(id: string, find: Find): string {
  const device = find(id);
  return device ? nameOf(device) : id;
}

function limitText(text: string): string {
  if (text === "on" || text === "off") return switchText(text === "on");
  const number = /^([+-]?\d+(?:\.\d+)?) ?(\S*)$/.exec(text);
  return number ? `${signed(Number(number[1]))} ${number[2] ?? ""}`.trim() : text;
}

function signed(value: number): string {
  return `${value < 0 ? MINUS : ""}${countText(Math.abs(value), 3)}`;
}

function amount(value: Value, unit: string): string {
  return typeof value === "number" ? quantityText(value, unit) : switchText(value);
}

/** `Mon–Fri` and `Mon, Wed` of what the hub calls "mon to fri" and "mon, wed". */
function daysText(days: string): string {
  if (days === "workdays") return say("rules.workdays");
  if (days === "sat, sun") return say("rules.weekend");
  return days.replace(" to ", "–").replace(/[a-z]+/g, (day) => sayIfKnown(`device.day_${day}`, day));
}
