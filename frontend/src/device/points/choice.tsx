/** Controls that take effect at once: what is pressed or chosen is what the device has confirmed. */
import { commandOf } from "../../data/commands";
import { reading, role } from "../../data/live";
import { nameOf } from "../../devices/points";
import type { Device, Point, Value } from "../../data/shapes";
import { CommandNote, setPoint, Switch, switchBar } from "../../parts/switch";
import { NOTHING, valueText } from "../../text/format";
import { say } from "../../text/words";
import { Setter } from "./controls";
import { durationChoices, durationText, isDuration, meaningOf, optionText, titleOf } from "../../devices/names";
import { isPoint } from "../../devices/roles";
import { stepped } from "./steps";
import "./choice.css";

type Props = { device: Device; point: Point; title?: string };

const MOST_SEGMENTS = 4;

/** The control that fits the point. `title`: what it is called, if not by its point. */
export function PointControl({ device, point, title = titleOf(point) }: Props) {
  const label = `${nameOf(device)}, ${title}`;
  if (point.kind === "switch") return <Switch device={device} point={point} label={label} />;
  if (point.kind === "enum" && point.options.length <= MOST_SEGMENTS)
    return <Segments device={device} point={point} title={label} />;
  if (point.kind === "enum")
    return (
      <Options
        device={device}
        point={point}
        title={label}
        options={point.options}
        text={(one) => optionText(point, String(one))}
      />
    );
  if (isDuration(point) && point.exponent === 0) return <Durations device={device} point={point} title={label} />;
  if (isPoint(point, "setpoint")) return <Stepper device={device} point={point} title={label} />;
  return <Setter device={device} point={point} />;
}

/** What a control needs of its point: its value, the reason why it cannot be set, and how to set it. */
function useCommand(device: Device, point: Point) {
  const value = reading(device.id, point.key).value?.value;
  const command = commandOf(device.id, point.key).value;
  const bar = switchBar(device, role.value);
  const pending = command?.state === "pending" ? command.value : undefined;
  const set = (wanted: Value) => void (bar || pending !== undefined || setPoint(device, point, wanted));
  return { value, bar, pending, set };
}

function Segments({ device, point, title = "" }: Props) {
  const { value, bar, pending, set } = useCommand(device, point);
  return (
    <div class="with-note">
      <div class="seg" role="group" aria-label={title} title={bar || undefined}>
        {point.options.map((option) => (
          <button
            key={option}
            type="button"
            aria-pressed={value === option}
            aria-busy={pending === option}
            aria-disabled={bar ? true : undefined}
            onClick={() => set(option)}
          >
            {optionText(point, option)}
          </button>
        ))}
      </div>
      <CommandNote device={device} point={point} />
    </div>
  );
}

type OptionsProps = Props & { options: readonly (string | number)[]; text: (option: string | number) => string };

/** A list of few or many: taken at once. */
function Options({ device, point, title = "", options, text }: OptionsProps) {
  const { value, bar, pending, set } = useCommand(device, point);
  const all =
    value === undefined || options.includes(value as string | number)
      ? options
      : [value as string | number, ...options];
  const shown = pending ?? value;
  return (
    <div class="with-note">
      <select
        aria-label={title}
        aria-busy={pending !== undefined}
        disabled={bar !== ""}
        title={bar || undefined}
        value={shown === undefined ? "" : String(shown)}
        onChange={(event) => {
          const chosen = all.find((one) => String(one) === event.currentTarget.value);
          if (chosen !== undefined) set(chosen);
        }}
      >
        {value === undefined && <option value="">{NOTHING}</option>}
        {all.map((one) => (
          <option key={one} value={String(one)}>
            {text(one)}
          </option>
        ))}
      </select>
      <CommandNote device={device} point={point} />
    </div>
  );
}

function Durations({ device, point, title = "" }: Props) {
  const value = reading(device.id, point.key).value?.value;
  const choices = durationChoices(point, typeof value === "number" ? value : undefined);
  const text = (one: string | number) => (one === 0 ? say("value.never") : durationText(Number(one), point.unit));
  return <Options device={device} point={point} title={title} options={choices} text={text} />;
}

/** A temperature with a button on either side. */
function Stepper({ device, point, title = "" }: Props) {
  const { value, bar, pending, set } = useCommand(device, point);
  const shown = pending ?? value;
  const step = (by: number) => typeof shown === "number" && set(stepped(shown, by, point));
  return (
    <div class="with-note">
      <div class="stepper" role="group" aria-label={title} title={bar || undefined} aria-busy={pending !== undefined}>
        <button
          type="button"
          aria-label={say("device.less")}
          aria-disabled={bar ? true : undefined}
          onClick={() => bar || step(-1)}
        >
          −
        </button>
        <span class="value" role="status">
          {pending === undefined ? meaningOf(value, point) : valueText(pending, point)}
        </span>
        <button
          type="button"
          aria-label={say("device.more_of_it")}
          aria-disabled={bar ? true : undefined}
          onClick={() => bar || step(1)}
        >
          +
        </button>
      </div>
      <CommandNote device={device} point={point} />
    </div>
  );
}
