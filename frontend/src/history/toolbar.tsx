/** Selection of time, quantities and devices. */
import { nameOf } from "../devices/points";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import { dayFrom, dayText, isSameDay, periodTitle, RANGES, shifted, type Day } from "./calendar";
import { ENERGY, POWER, type View } from "./view";

type Props = Readonly<{ view: View; today: Day; show: (view: View) => void }>;

export function TimeBar({ view, today, show }: Props) {
  const { range, on } = view;
  const step = (by: number) => show({ ...view, on: shifted(range, on, by), zoom: null });
  const isLast = dayText(shifted(range, on, 1)) > dayText(today);
  return (
    <div class="time-bar">
      <div class="row-of" role="group" aria-label={say("history.range")}>
        {RANGES.map((one) => (
          <button key={one} type="button" aria-pressed={one === range} onClick={() => show({ ...view, range: one, zoom: null })}>
            {say(`history.${one}`)}
          </button>
        ))}
      </div>
      <div class="row-of period" role="group" aria-label={say("history.period")}>
        <button type="button" class="arrow" aria-label={say("history.earlier")} onClick={() => step(-1)}>
          ‹
        </button>
        <strong aria-live="polite">{periodTitle(range, on)}</strong>
        <button type="button" class="arrow" aria-label={say("history.later")} aria-disabled={isLast} onClick={() => isLast || step(1)}>
          ›
        </button>
        <button type="button" aria-disabled={isSameDay(on, today) && !view.zoom} onClick={() => show({ ...view, on: today, zoom: null })}>
          {say("history.today")}
        </button>
        <input
          type="date"
          aria-label={say("history.go_to_day")}
          value={dayText(on)}
          max={dayText(today)}
          onChange={(event) => {
            const day = dayFrom(event.currentTarget.value);
            if (day) show({ ...view, on: day, zoom: null });
          }}
        />
      </div>
    </div>
  );
}

/** Power or energy, and other quantities. */
export function WhatBar({ view, show, quantities }: Omit<Props, "today"> & { quantities: readonly { key: string; name: string }[] }) {
  const isEnergy = view.what.includes(ENERGY);
  const lines = isEnergy ? [] : view.what;
  const others = lines.filter((one) => one !== POWER);
  const toggle = (one: string) => {
    const left = lines.filter((other) => other !== one);
    const next = left.length < lines.length ? left : one === POWER ? [POWER, ...lines] : [...lines, one];
    show({ ...view, what: next.length ? next : [POWER] });
  };
  const left = quantities.filter(({ key }) => !others.includes(key));
  return (
    <div class="row-of" role="group" aria-label={say("history.quantities")}>
      <button type="button" class="chip" aria-pressed={lines.includes(POWER)} onClick={() => toggle(POWER)}>
        {say("history.power")}
      </button>
      <button type="button" class="chip" aria-pressed={isEnergy} onClick={() => show({ ...view, what: [ENERGY], zoom: null })}>
        {say("history.energy")}
      </button>
      {others.map((one) => (
        <button key={one} type="button" class="chip" aria-pressed={true} onClick={() => toggle(one)}>
          {quantities.find(({ key }) => key === one)?.name ?? one}
        </button>
      ))}
      {left.length > 0 && (
        <select
          aria-label={say("history.also")}
          value=""
          onChange={(event) => {
            const key = event.currentTarget.value;
            event.currentTarget.value = "";
            if (key) toggle(key);
          }}
        >
          <option value="">{say("history.add")}</option>
          {left.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

/** A checkbox for each device that has the selected quantities. */
export function DeviceBar(props: Readonly<{ able: readonly Device[]; chosen: readonly Device[]; colour: (id: string) => string; choose: (ids: string[]) => void }>) {
  const ids = props.chosen.map((one) => one.id);
  const toggle = (id: string) => props.choose(ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  if (!props.able.length) return null;
  return (
    <fieldset class="row-of tick-row">
      <legend class="hidden-text">{say("history.compare")}</legend>
      {props.able.map((device) => (
        <label key={device.id} class="tick">
          <input type="checkbox" checked={ids.includes(device.id)} onChange={() => toggle(device.id)} />
          <span class="swatch" data-mark style={{ background: props.colour(device.id) }} />
          {nameOf(device)}
        </label>
      ))}
    </fieldset>
  );
}
