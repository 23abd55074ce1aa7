/** Controls for points: switch, choice, number, text. The confirmed value is shown next to them, never in them. */
import { useId, useState } from "preact/hooks";

import { valueText } from "../../text/format";
import { reading, role } from "../../data/live";
import { switchBar, Switch, CommandNote } from "../../parts/switch";
import { nameOf } from "../../devices/points";
import { titleOf } from "../../devices/names";
import type { Device, Point, Value } from "../../data/shapes";
import { sendCommand, commandOf } from "../../data/commands";
import { say } from "../../text/words";
import { inputText, stepOf, typed, type Typed } from "./steps";

type Props = { device: Device; point: Point };

/** The control for the kind of the point. */
export function Control({ device, point }: Props) {
  if (point.kind === "switch") return <Switch device={device} point={point} />;
  return <Setter device={device} point={point} />;
}

/** An input with a button that sends the value. */
export function Setter({ device, point }: Props) {
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState("");
  const [help, id] = [useId(), useId()];
  const value = reading(device.id, point.key).value?.value;
  const pending = commandOf(device.id, point.key).value?.state === "pending";
  const bar = switchBar(device, role.value);
  const shown = draft ?? confirmedText(value, point);
  const name = `${nameOf(device)}, ${titleOf(point)}`;
  const set = async (event: Event) => {
    event.preventDefault();
    if (bar || pending) return;
    const entered = enteredValue(shown, point);
    setProblem("problem" in entered ? entered.problem : "");
    if ("problem" in entered) return;
    await sendCommand(device.id, point.key, entered.value);
    if (!commandOf(device.id, point.key).peek()) setDraft(undefined);
  };
  const input = {
    id,
    value: shown,
    disabled: bar !== "",
    "aria-label": name,
    "aria-invalid": problem !== "",
    "aria-describedby": help,
  };
  const change = (event: Event) => {
    setDraft((event.currentTarget as HTMLInputElement | HTMLSelectElement).value);
    setProblem("");
  };
  return (
    <form class="setter" noValidate onSubmit={(event) => void set(event)} title={bar || undefined}>
      <Input point={point} input={input} change={change} known={value !== undefined} />
      <button
        type="submit"
        aria-busy={pending}
        aria-disabled={bar || pending ? true : undefined}
        aria-label={say("device.set_named", { name })}
      >
        {say("device.set")}
      </button>
      <span class="why" id={help}>
        {bar && <span class="hidden-text">{bar}</span>}
        {problem && (
          <span class="problem" role="alert">
            {problem}
          </span>
        )}
        {pending && (
          <span class="soft" role="status">
            {say("device.pending", { value: requestedText(device, point) })}
          </span>
        )}
      </span>
      <CommandNote device={device} point={point} />
    </form>
  );
}

type InputProps = {
  point: Point;
  input: Record<string, string | boolean>;
  change: (event: Event) => void;
  known: boolean;
};

function Input({ point, input, change, known }: InputProps) {
  if (point.kind === "enum")
    return (
      <select {...input} onChange={change}>
        {!known && <option value="">{say("device.choose")}</option>}
        {optionsOf(point, String(input.value)).map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    );
  if (!isNumeric(point)) return <input {...input} type="text" autoComplete="off" spellcheck={false} onInput={change} />;
  const { minimum, maximum } = point;
  const limits = { step: stepOf(point.exponent), min: minimum ?? undefined, max: maximum ?? undefined };
  return (
    <span class="with-unit">
      <input
        {...input}
        {...limits}
        type="number"
        inputMode={point.exponent < 0 ? "decimal" : "numeric"}
        onInput={change}
      />
      {point.unit && <span class="soft">{point.unit}</span>}
    </span>
  );
}

function isNumeric(point: Point): boolean {
  return point.kind === "number" || point.kind === "bitmap" || point.kind === "counter";
}

function enteredValue(text: string, point: Point): Typed | { value: Value } {
  if (isNumeric(point)) return typed(text, point);
  return text === "" && point.kind === "enum" ? { problem: say("device.choose") } : { value: text };
}

/** A value that is not among the options is added to them. */
function optionsOf(point: Point, now: string): readonly string[] {
  return now && !point.options.includes(now) ? [now, ...point.options] : point.options;
}

function confirmedText(value: Value | undefined, point: Point): string {
  if (value === undefined) return "";
  return typeof value === "number" ? inputText(value, point.exponent) : String(value);
}

function requestedText(device: Device, point: Point): string {
  return valueText(commandOf(device.id, point.key).value?.value, point);
}
