/** The row above the chart: which period, which range, what of it, of which devices, beside what. */
import { signal } from "@preact/signals";

import { nameOf } from "../devices/points";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import { dayFrom, dayText, periodTitle, RANGES, shifted, shortTitle, type Day, PERIOD_NAMES } from "../time/calendar";
import { Menu } from "./menu";
import { otherOf } from "./comparison";
import {
  ALONE,
  ENERGY,
  hasHours,
  HOURS,
  LOAD,
  POWER,
  UNUSUAL,
  withRange,
  type Against,
  type Measure,
  type View,
} from "./view";
import { currencySign } from "../costs/money";

type Props = Readonly<{
  view: View;
  today: Day;
  show: (view: View, replace?: boolean) => void;
  /** Quantities other than power and energy. */
  quantities: readonly { key: string; name: string }[];
  /** In what energy can be shown: more than one where there is a tariff, or the carbon of the grid. */
  measures: readonly Measure[];
  currency: string;
  able: readonly Device[];
  chosen: readonly Device[];
  colour: (id: string) => string;
  /** What of ALONE is not offered. */
  without?: readonly string[];
}>;

const wide = matchMedia("(min-width: 900px)");
const isWide = signal(wide.matches);
const wider = matchMedia("(min-width: 1200px)"); // the measures fit beside the rest
const isWider = signal(wider.matches);
wider.addEventListener("change", () => (isWider.value = wider.matches));
wide.addEventListener("change", () => (isWide.value = wide.matches));

export function Toolbar(props: Props) {
  const { view, show } = props;
  const what = whatText(props);
  const isEnergy = view.what.includes(ENERGY);
  return (
    <div class="toolbar">
      <Period {...props} />
      {isWide.value ? (
        <div class="seg" role="group" aria-label={say("history.range")}>
          {RANGES.map((one) => (
            <button
              key={one}
              type="button"
              class="bare"
              aria-pressed={one === view.range}
              onClick={() => show(withRange(view, one))}
            >
              {say(PERIOD_NAMES[one])}
            </button>
          ))}
        </div>
      ) : (
        <select
          class="range"
          aria-label={say("history.range")}
          value={view.range}
          onChange={(event) => show(withRange(view, rangeOf(event.currentTarget.value)))}
        >
          {RANGES.map((one) => (
            <option key={one} value={one}>
              {say(PERIOD_NAMES[one])}
            </option>
          ))}
        </select>
      )}
      {isWide.value ? (
        <>
          {isWider.value && <Measures {...props} />}
          <Menu label={say("history.quantities")} text={what} class="first">
            <Quantities {...props} />
            {!isWider.value && <MeasureChoices {...props} />}
            <Others {...props} />
          </Menu>
          {props.able.length > 0 && (
            <Menu label={say("history.devices")} text={devicesText(props)}>
              <Devices {...props} />
            </Menu>
          )}
          {isEnergy && (
            <Menu label={say("history.compare")} text={compareText(view)}>
              <Compare {...props} />
            </Menu>
          )}
        </>
      ) : (
        <Menu label={say("history.quantities")} text={what}>
          <Quantities {...props} />
          <MeasureChoices {...props} />
          {isEnergy && <Compare {...props} />}
          <Devices {...props} />
          <Others {...props} />
        </Menu>
      )}
    </div>
  );
}

/** kWh, €, CO₂: of energy and of its hours. */
function Measures({ view, measures, currency, show }: Props) {
  if (measures.length < 2 || !hasMeasure(view)) return null;
  return (
    <div class="seg measures" role="group" aria-label={say("history.measure")}>
      {measures.map((one) => (
        <button
          key={one}
          type="button"
          class="bare"
          aria-pressed={view.measure === one}
          title={measureText(one)}
          onClick={() => show({ ...view, measure: one }, true)}
        >
          {one === "energy" ? "kWh" : one === "cost" ? currencySign(currency) : say("history.co2")}
        </button>
      ))}
    </div>
  );
}

function MeasureChoices({ view, measures, show }: Props) {
  if (measures.length < 2 || !hasMeasure(view)) return null;
  return (
    <fieldset>
      <legend>{say("history.measure")}</legend>
      {measures.map((one) => (
        <Choice
          key={one}
          name={measureText(one)}
          isChosen={view.measure === one}
          choose={() => show({ ...view, measure: one }, true)}
          kind="radio"
        />
      ))}
    </fieldset>
  );
}

function hasMeasure({ what }: View): boolean {
  return what.includes(ENERGY) || what.includes(HOURS);
}

function measureText(one: Measure): string {
  return say(one === "energy" ? "history.energy" : one === "cost" ? "history.cost" : "history.carbon");
}

/** Earlier, the period, later, today. The period itself opens a calendar. */
function Period({ view, today, show }: Props) {
  const { range, on } = view;
  const step = (by: number) => show({ ...view, on: shifted(range, on, by), zoom: null });
  const isLast = dayText(shifted(range, on, 1)) > dayText(today);
  return (
    <div class="period" role="group" aria-label={say("history.period")}>
      <button type="button" class="arrow bare" aria-label={say("history.earlier")} onClick={() => step(-1)}>
        ‹
      </button>
      <label class="when">
        <strong aria-live="polite">{isWide.value ? periodTitle(range, on) : shortTitle(range, on)}</strong>
        <input
          type="date"
          aria-label={say("history.go_to_day")}
          value={dayText(on)}
          max={dayText(today)}
          onClick={(event) => openCalendar(event.currentTarget)}
          onChange={(event) => {
            const day = dayFrom(event.currentTarget.value);
            if (day) show({ ...view, on: day, zoom: null });
          }}
        />
      </label>
      <button
        type="button"
        class="arrow bare"
        aria-label={say("history.later")}
        aria-disabled={isLast}
        onClick={() => isLast || step(1)}
      >
        ›
      </button>
      <button
        type="button"
        class="bare back"
        data-off={(isLast && !view.zoom) || undefined}
        onClick={() => show({ ...view, on: today, zoom: null })}
      >
        {say("history.today")}
      </button>
    </div>
  );
}

function openCalendar(input: HTMLInputElement): void {
  try {
    input.showPicker();
  } catch {
    // browsers without it open the calendar themselves
  }
}

function Quantities({ view, show, without = [] }: Props) {
  return (
    <>
      <Choice
        name={say("history.energy")}
        isChosen={view.what.includes(ENERGY)}
        choose={() => show({ ...view, what: [ENERGY], zoom: null })}
        kind="radio"
      />
      {ALONE.filter((one) => one !== ENERGY && !without.includes(one) && (one !== HOURS || hasHours(view.range))).map(
        (one) => (
          <Choice
            key={one}
            name={aloneText(one)}
            isChosen={view.what.includes(one)}
            choose={() => show({ ...view, what: [one], zoom: null })}
            kind="radio"
          />
        ),
      )}
      <Choice
        name={say("history.power")}
        isChosen={view.what.includes(POWER)}
        choose={() => show(toggled(view, POWER))}
      />
    </>
  );
}

/** Further quantities, of which several can be shown, also beside power. */
function Others({ view, show, quantities }: Props) {
  if (!quantities.length) return null;
  return (
    <fieldset>
      <legend>{say("history.others")}</legend>
      {quantities.map(({ key, name }) => (
        <Choice key={key} name={name} isChosen={view.what.includes(key)} choose={() => show(toggled(view, key))} />
      ))}
    </fieldset>
  );
}

function toggled(view: View, one: string): View {
  const lines = view.what.filter((other) => !ALONE.includes(other));
  const left = lines.filter((other) => other !== one);
  const next = left.length < lines.length ? left : one === POWER ? [POWER, ...lines] : [...lines, one];
  return { ...view, what: next.length ? next : [POWER] };
}

function Devices({ view, able, chosen, colour, show }: Props) {
  if (!able.length) return null;
  const ids = chosen.map((one) => one.id);
  const choose = (next: string[] | null) => show({ ...view, devices: next }, true);
  return (
    <fieldset>
      <legend>{say("history.devices")}</legend>
      <Choice
        name={say("history.all_devices")}
        isChosen={view.devices === null || ids.length === able.length}
        choose={() => choose(view.devices === null ? able.map((one) => one.id) : null)}
      />
      {able.map((device) => (
        <Choice
          key={device.id}
          name={nameOf(device)}
          mark={colour(device.id)}
          isChosen={ids.includes(device.id)}
          choose={() => choose(ids.includes(device.id) ? ids.filter((one) => one !== device.id) : [...ids, device.id])}
        />
      ))}
    </fieldset>
  );
}

/** The period before, the same one a year before, any other one, or none. */
function Compare({ view, today, show }: Props) {
  const { range, on, against } = view;
  const choose = (next: Against) => show({ ...view, against: next }, true);
  const title = (one: "before" | "year") =>
    say("history.with", { period: periodTitle(range, otherOf(range, on, one)) });
  const chosen = typeof against === "object" ? against : undefined;
  return (
    <fieldset>
      <legend>{say("history.compare")}</legend>
      <Choice name={title("before")} isChosen={against === "before"} choose={() => choose("before")} kind="radio" />
      {range !== "year" && (
        <Choice name={title("year")} isChosen={against === "year"} choose={() => choose("year")} kind="radio" />
      )}
      <Choice name={say("history.without")} isChosen={against === "none"} choose={() => choose("none")} kind="radio" />
      <label class="field other-period">
        <span>{say("history.with_other")}</span>
        <input
          type="date"
          max={dayText(today)}
          value={chosen ? dayText(chosen) : ""}
          onChange={(event) => {
            const day = dayFrom(event.currentTarget.value);
            if (day) choose(day);
          }}
        />
      </label>
    </fieldset>
  );
}

function compareText({ range, on, against }: View): string {
  return against === "none"
    ? say("history.without")
    : say("history.with", { period: shortTitle(range, otherOf(range, on, against)) });
}

type ChoiceProps = Readonly<{
  name: string;
  isChosen: boolean;
  choose: () => void;
  mark?: string;
  kind?: "checkbox" | "radio";
}>;

function Choice({ name, isChosen, choose, mark, kind = "checkbox" }: ChoiceProps) {
  return (
    <label class="choice">
      <input type={kind} checked={isChosen} onChange={choose} />
      {mark && <span class="swatch" data-mark style={{ background: mark }} />}
      <span>{name}</span>
    </label>
  );
}

function rangeOf(text: string) {
  return RANGES.find((one) => one === text) ?? "day";
}

/** `Energy`, `Power`, `Power and 1 more`. */
function whatText({ view, quantities }: Props): string {
  const [first = POWER, ...more] = view.what;
  const name = ALONE.includes(first)
    ? aloneText(first)
    : first === POWER
      ? say("history.power")
      : (quantities.find(({ key }) => key === first)?.name ?? first);
  return more.length ? say("history.and_more", { name, count: more.length }) : name;
}

function aloneText(one: string): string {
  return say(
    one === HOURS
      ? "history.hours"
      : one === LOAD
        ? "history.load"
        : one === UNUSUAL
          ? "history.unusual"
          : "history.energy",
  );
}

/** `All devices`, `Kettle`, `3 devices`. */
function devicesText({ able, chosen }: Props): string {
  if (chosen.length === able.length) return say("history.all_devices");
  const [only] = chosen;
  return only && chosen.length === 1
    ? nameOf(only)
    : say("history.some_devices", { count: chosen.length, all: able.length });
}
