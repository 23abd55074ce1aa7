/** What a device is called, where it is, and its colour. */
import { useState } from "preact/hooks";

import { COLOURS, markOf } from "../../charts/palette";
import { devices } from "../../data/live";
import { meters } from "../../data/recent";
import { nameOf, pointOf, POWER } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import { Choice, Row, TextSetting, type Common } from "./fields";
import type { Keys } from "./configuration";
import { roomsOf } from "./rooms";
import { useSaving } from "./saving";

type Props = { device: Device; keys: Keys; bar: string };

export function NameAndPlace({ device, keys, bar }: Props) {
  const common = { device: device.id, bar };
  return (
    <section aria-labelledby="name-and-place">
      <h2 id="name-and-place">{say("device.name_and_place")}</h2>
      <div class="entries set">
        <TextSetting
          {...common}
          name="name"
          title={say("device.setting_name")}
          text={say("device.setting_name_text")}
          value={textIn(keys, "name")}
          hint={device.id}
          keysFor={(text) => ({ name: text.trim() || null })}
        />
        <Room {...common} keys={keys} />
        {hasOwnColour(device) && <Colour {...common} shown={device} keys={keys} />}
      </div>
    </section>
  );
}

/** An existing room at once; a new one with its name. */
function Room({ device, bar, keys }: Common & { keys: Keys }) {
  const [isNew, setNew] = useState(false);
  const room = textIn(keys, "room");
  const rooms = roomsOf(devices.value, room);
  if (isNew)
    return (
      <div class="room-row">
        <TextSetting
          device={device}
          bar={bar}
          name="room"
          title={say("device.setting_room")}
          text={say("device.setting_new_room")}
          value={room}
          keysFor={(text) => ({ room: text.trim() || null })}
          onSaved={() => setNew(false)}
        />
        {rooms.length > 0 && (
          <button type="button" class="quiet" onClick={() => setNew(false)}>
            {say("device.known_room")}
          </button>
        )}
      </div>
    );
  return (
    <div class="room-row">
      <Choice
        device={device}
        bar={bar}
        name="room"
        title={say("device.setting_room")}
        text={say("device.setting_room_text")}
        value={room}
        options={[["", say("device.no_room")], ...rooms.map((one) => [one, one] as const)]}
        keysFor={(one) => ({ room: one || null })}
      />
      {!bar && (
        <button type="button" class="quiet" onClick={() => setNew(true)}>
          {say("device.new_room")}
        </button>
      )}
    </div>
  );
}

/** Producers and meters have the colours of their kind. */
function hasOwnColour(device: Device): boolean {
  return pointOf(device, POWER) !== undefined && !device.produces && !meters.value.has(device.id);
}

/** Ten colours; those of other devices are faded, but may be taken too. */
function Colour({ device, bar, shown, keys }: Common & { shown: Device; keys: Keys }) {
  const saving = useSaving(device);
  const mine = markOf(shown.id);
  const isChosen = typeof keys.colour === "number";
  return (
    <Row
      title={say("device.setting_colour")}
      text={say("device.setting_colour_text")}
      name="colour"
      isStacked
      saving={saving}
    >
      <div class="colours">
        <div class="swatches" role="group" aria-label={say("device.setting_colour")}>
          {Array.from({ length: COLOURS }, (_, index) => {
            const mark = `var(--use-${index})`;
            const owner = devices.value.find((one) => one.id !== shown.id && markOf(one.id) === mark);
            const label = owner
              ? say("device.colour_of", { number: index + 1, device: nameOf(owner) })
              : say("device.colour_number", { number: index + 1 });
            return (
              <button
                key={mark}
                type="button"
                class="bare"
                data-taken={owner ? true : undefined}
                aria-pressed={mine === mark}
                aria-label={label}
                title={bar || label}
                aria-disabled={bar ? true : undefined}
                onClick={() => void (bar || saving.save({ colour: index }))}
              >
                <i data-mark style={{ "--mark": mark }} />
              </button>
            );
          })}
        </div>
        {isChosen && !bar && (
          <button type="button" class="quiet" onClick={() => void saving.save({ colour: null })}>
            {say("device.colour_automatic")}
          </button>
        )}
      </div>
    </Row>
  );
}

/** A text of the configuration; "" if it is not set. */
export function textIn(keys: Keys, key: string): string {
  const value = keys[key];
  return typeof value === "string" ? value : "";
}
