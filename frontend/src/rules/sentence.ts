/** A rule in words of the chosen language, made from its fields; what is not known of a device is shown as it is written. */
import type { components } from "../api";
import type { Device, Value } from "../data/shapes";
import { nameOf, pointName, pointOf } from "../devices/points";
import { quantityText } from "../text/format";
import { say } from "../text/words";

type Schemas = components["schemas"];
export type Rule = Schemas["RuleView"];
export type Rules = Schemas["RulesView"];
export type RuleTest = Schemas["RuleTestView"];
export type Condition = Schemas["RuleConditionView"];

export type Find = (id: string) => Device | undefined;

/** `As long as Meter, fed in is above 1 kW for 5 min: Boiler: on, at least 20 min`. */
export function ruleText(rule: Rule, find: Find): string {
  return `${beginning(rule, find)}: ${[...actions(rule, find), ...spans(rule)].join(", ")}`;
}

/** `90 s`, `5 min`, `1 h 30 min`. */
export function spanText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round(seconds % 60);
  const parts = [hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`].filter(Boolean);
  return parts.join(" ") || "0 s";
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
  const texts = rule.conditions.filter((one) => one.kind !== "days" || rule.days === "daily").map((one) => conditionText(one, find));
  const condition = texts.join(` ${say(rule.any_of ? "rules.or" : "rules.and")} `);
  if (rule.trigger !== "at") return say(rule.trigger === "when" ? "rules.when" : "rules.while", { condition }) + days;
  const times = rule.at.map(momentText).join(", ");
  return say("rules.at", { times }) + days + (condition ? `, ${say("rules.if", { condition })}` : "");
}

function actions(rule: Rule, find: Find): string[] {
  const set = rule.settings.map((one) => {
    const value = one.value === null || one.value === undefined ? one.text : amount(one.value, one.unit);
    return say("rules.set", { device: subject(one.device, one.point, find), value });
  });
  return rule.notify ? [...set, say("rules.notify", { text: rule.notify })] : set;
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
  if (one.operator === "=" || one.operator === "!=") return say(one.operator === "=" ? "rules.is" : "rules.is_not", parts);
  return say(one.operator.startsWith(">") ? "rules.above" : "rules.below", parts);
}

function subject(device: string, point: string, find: Find): string {
  const name = named(device, find);
  if (point === "export_W") return say("rules.export", { device: name });
  if (point === "import_W") return say("rules.import", { device: name });
  const known = find(device);
  if (!point || point === "on" || point === known?.main) return name;
  const described = known && pointOf(known, point);
  return say("rules.point", { device: name, point: described ? pointName(described) : point });
}

function named(id: string, find: Find): string {
  const device = find(id);
  return device ? nameOf(device) : id;
}

function limitText(text: string): string {
  if (text === "on" || text === "off") return switchText(text === "on");
  const number = /^([+-]?\d+(?:\.\d+)?) ?(\S*)$/.exec(text);
  return number ? quantityText(Number(number[1]), number[2] ?? "") : text;
}

function amount(value: Value, unit: string): string {
  return typeof value === "number" ? quantityText(value, unit) : switchText(value);
}

function daysText(days: string): string {
  if (days === "workdays") return say("rules.workdays");
  return days === "sat, sun" ? say("rules.weekend") : days;
}
