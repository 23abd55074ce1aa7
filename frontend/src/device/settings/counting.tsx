/** How a device counts and what is shown of it first: inside which other one, producing, asked before, favourite. */
import { devices } from "../../data/live";
import { nameOf, pointOf, POWER } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import { relayOf } from "../../devices/roles";
import type { Configured, Keys } from "./configuration";
import { Choice, Toggle } from "./fields";
import { parentsFor } from "./parents";
import { textIn } from "./place";

/** `all`: the devices that it may count inside of, and itself. */
type Props = { device: Device; all: readonly Pick<Configured, "id" | "keys">[]; keys: Keys; bar: string };

export function Counting({ device, all, keys, bar }: Props) {
  const common = { device: device.id, bar };
  const measures = pointOf(device, POWER) !== undefined;
  const parents = parentsFor(device.id, all);
  const label = (id: string) => nameOf(devices.value.find((one) => one.id === id) ?? { id, name: "" });
  return (
    <section aria-labelledby="counting">
      <h2 id="counting">{say("device.counting")}</h2>
      <div class="entries set">
        <Toggle
          {...common}
          name="favourite"
          title={say("device.setting_favourite")}
          text={say("device.setting_favourite_text")}
          isOn={keys.favourite === true}
          keysFor={(isOn) => ({ favourite: isOn || null })}
        />
        {relayOf(device) && (
          <Toggle
            {...common}
            name="critical"
            title={say("device.setting_critical")}
            text={say("device.setting_critical_text")}
            isOn={keys.critical === true}
            keysFor={(isOn) => ({ critical: isOn || null })}
          />
        )}
        <Choice
          {...common}
          name="parent"
          title={say("device.admit_parent")}
          text={say("device.setting_parent_text")}
          value={textIn(keys, "parent")}
          options={[["", say("device.admit_no_parent")], ...parents.map((id) => [id, label(id)] as const)]}
          keysFor={(id) => ({ parent: id || null })}
        />
        {measures && (
          <Toggle
            {...common}
            name="produces"
            title={say("device.produces")}
            text={say("device.setting_produces_text")}
            isOn={keys.produces === true}
            keysFor={(isOn) => ({ produces: isOn || null })}
          />
        )}
      </div>
    </section>
  );
}
