/** The id of a device, which addresses, scripts and the configuration use. */
import type { Device } from "../../data/shapes";
import { go } from "../../routing/router";
import { say } from "../../text/words";
import { placeOf } from "../places";
import { TextSetting } from "./fields";

const ID = /^[a-z0-9_]+$/;

export function Identifier({ device, bar }: { device: Device; bar: string }) {
  return (
    <details class="plain">
      <summary>{say("device.identifier")}</summary>
      <p class="small soft">{say("device.identifier_text")}</p>
      <div class="entries set">
        <TextSetting
          device={device.id}
          bar={bar}
          name="id"
          title={say("device.id")}
          text={say("device.id_rule")}
          value={device.id}
          keysFor={(text) => ({ id: text.trim() })}
          check={(text) => (ID.test(text.trim()) ? "" : say("device.id_rule"))}
          onSaved={(change) => change.device && go(placeOf(change.device, "settings"), true)}
        />
      </div>
    </details>
  );
}
