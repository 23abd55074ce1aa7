/**
 * What is typed on a console: completion from the device's own list, and which action runs a line. Pure.
 *
 *     "meross sw"       ──►  meross switch, meross switch <uuid> <state>
 *     "meross crash"    ──►  the action console_crash, which must be confirmed, with its danger
 *     "config write …"  ──►  the action console_config_write with group, item and value
 */
import type { Device } from "../../../data/shapes";
import { say, sayIfKnown } from "../../../text/words";

/**
 * A command that the device offers. `form`: how it is written. `options`: values of its arguments, where there are few.
 */
export type Offered = {
  name: string;
  form: string;
  help: string;
  danger: string;
  action: string;
  relay: boolean;
  listed: boolean;
  options: Readonly<Record<string, readonly string[]>>;
};

/** A completion. `text`: what the input contains with it. */
export type Suggestion = { key: string; text: string; form: string; help: string; isRisky: boolean };

/** A line that can be sent. `warning`: what must be confirmed first, "" = nothing. */
export type ConsoleRequest = {
  line: string;
  shown: string;
  action: string;
  args: Readonly<Record<string, string>>;
  warning: string;
};

export const RUN = "console";
export const UNKNOWN = "console_unknown";
export const LIST = "console_commands";
export const CANCEL = "console_cancel";
const MOST_SHOWN = 12;
const MOST_WORDS = 4; // of a name
const HIDDEN = "••••••••";

/** Whether the device has a console: its actions have a section of their own. */
export function hasConsole(device: Pick<Device, "actions">): boolean {
  return device.actions.some((action) => action.name === LIST);
}

export function isConsoleAction(name: string): boolean {
  return name === RUN || name.startsWith(`${RUN}_`);
}

/** The names of its arguments: `config read <group> <item>` has group and item. */
export function argumentsOf(command: Pick<Offered, "form">): string[] {
  return [...command.form.matchAll(/<(\w+)>/g)].map((found) => found[1] ?? "");
}

/**
 * The values of the argument that is typed; else the commands that begin with the text; else those that have its words.
 */
export function suggestions(text: string, offered: readonly Offered[]): Suggestion[] {
  const typed = text.trimStart().replace(/\s+/g, " ");
  const values = valuesOf(typed, offered);
  if (values.length) return values.slice(0, MOST_SHOWN);
  const words = typed.toLowerCase().split(" ").filter(Boolean);
  const first = offered.filter((one) => one.name.toLowerCase().startsWith(typed.toLowerCase().trimEnd()));
  const others = first.length
    ? []
    : offered.filter((one) => words.every((word) => `${one.form} ${one.help}`.toLowerCase().includes(word)));
  const found = [...first, ...others].map(asSuggestion);
  return found.filter((one) => one.text.trimEnd() !== typed.trimEnd() || one.form.includes("<")).slice(0, MOST_SHOWN);
}

/** What to send for a line, or the problem with it. */
export function requestOf(text: string, offered: readonly Offered[]): ConsoleRequest | { problem: string } {
  const line = text.trim().replace(/\s+/g, " ");
  if (!line) return { problem: say("console.empty") };
  const command = commandOf(line, offered);
  if (!command) return asUnknown(line);
  const names = argumentsOf(command);
  const values = valuesIn(line, command);
  if (command.action === UNKNOWN) return { ...asUnknown(line), warning: warningOf(command) };
  if (values.length < names.length) return { problem: say("console.incomplete", { form: command.form }) };
  const given = Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
  const args = command.danger ? given : { command: line };
  return {
    line,
    shown: withoutSecrets(line, command),
    action: command.danger ? command.action : RUN,
    args,
    warning: warningOf(command),
  };
}

/** The command of a line: that with the longest name; of several, the one that takes so many arguments. */
export function commandOf(line: string, offered: readonly Offered[]): Offered | undefined {
  const words = line.split(" ");
  for (let count = Math.min(words.length, MOST_WORDS); count > 0; count -= 1) {
    const name = words.slice(0, count).join(" ");
    const rows = offered
      .filter((one) => one.name === name)
      .sort((one, other) => argumentsOf(one).length - argumentsOf(other).length);
    const last = rows[rows.length - 1];
    if (!last) continue;
    const given = words.length - count;
    if (given > argumentsOf(last).length && isGroup(name, offered)) return undefined;
    return rows.find((one) => argumentsOf(one).length >= given) ?? last;
  }
  return undefined;
}

/** The line for the history of the input: without the value of a setting, which may be a password. */
export function remembered(line: string): string {
  return line
    .trim()
    .replace(/\s+/g, " ")
    .replace(/^(config write \S+ \S+) .*/, "$1 ");
}

// --- inside ---

function asSuggestion(command: Offered): Suggestion {
  const text = argumentsOf(command).length ? `${command.name} ` : command.name;
  return { key: command.form, text, form: command.form, help: command.help, isRisky: warningOf(command) !== "" };
}

/** The values that the argument which is being typed can have. */
function valuesOf(typed: string, offered: readonly Offered[]): Suggestion[] {
  const words = typed.split(" ");
  const part = words[words.length - 1] ?? "";
  return offered.flatMap((command) => {
    const name = command.name.split(" ");
    const names = argumentsOf(command);
    const index = words.length - 1 - name.length;
    if (index < 0 || index >= names.length || !typed.startsWith(`${command.name} `)) return [];
    const before = words.slice(0, -1).join(" ");
    const end = index < names.length - 1 ? " " : "";
    return (command.options[names[index] ?? ""] ?? [])
      .filter((value) => value.startsWith(part) && (value !== part || end))
      .map((value) => ({
        key: `${command.form} ${value}`,
        text: `${before} ${value}${end}`,
        form: `${before} ${value}`,
        help: names[index] ?? "",
        isRisky: warningOf(command) !== "",
      }));
  });
}

function valuesIn(line: string, command: Offered): string[] {
  return line.slice(command.name.length).split(" ").filter(Boolean);
}

function asUnknown(line: string): ConsoleRequest {
  return { line, shown: line, action: UNKNOWN, args: { command: line }, warning: say("console.unknown") };
}

function warningOf(command: Offered): string {
  return [dangerOf(command), command.relay ? say("console.relay_warning") : ""].filter(Boolean).join(" ");
}

/** In the language of the page; that of an action without a text is as the hub says it. */
function dangerOf({ danger, action }: Offered): string {
  if (!danger) return "";
  return action === UNKNOWN ? say("console.unknown") : sayIfKnown(`danger.${action}`, danger);
}

function isGroup(name: string, offered: readonly Offered[]): boolean {
  return offered.some((one) => one.name.startsWith(`${name} `));
}

function withoutSecrets(line: string, command: Offered): string {
  const at = argumentsOf(command).indexOf("value");
  if (at < 0) return line;
  return [command.name, ...valuesIn(line, command).map((value, index) => (index >= at ? HIDDEN : value))].join(" ");
}
