/** What a person may change of a device, with its present value; each setting says what it does and saves itself. */
import { useEffect } from "preact/hooks";

import { devices, role } from "../../data/live";
import { query } from "../../routing/router";
import type { Device } from "../../data/shapes";
import { Notice } from "../../parts/notice";
import { say } from "../../text/words";
import { hasSchedule } from "../schedule/rules";
import { Schedule } from "../schedule/schedule";
import { Behaviour } from "./behaviour";
import { describedKeys, tableOf, useConfiguration } from "./configuration";
import { Counting } from "./counting";
import { Identifier } from "./identifier";
import { Limits } from "./limits";
import { Measuring } from "./measuring";
import { isPart, PartName, PartRemoval } from "./part";
import { NameAndPlace } from "./place";
import { Remove } from "./remove";
import { savingBar } from "./saving";
import "./settings.css";

export function Settings({ device }: { device: Device }) {
  const shown = query.value.get("show");
  const { configuration, error, again } = useConfiguration(device);
  const table = tableOf(configuration, device.id);
  const bar = savingBar(configuration);
  const isReady = table !== undefined || isPart(device);
  useEffect(() => {
    if (shown && isReady) document.getElementById("shown")?.scrollIntoView({ block: "center" });
  }, [shown, isReady]);
  const isRead = role.value === "read";
  const isOnlyShown = isRead || Boolean(configuration?.problem); // a file with an error has no devices to speak of
  const keys = table?.keys ?? (isOnlyShown && !isPart(device) ? describedKeys(device) : undefined);
  const all = configuration?.devices.length
    ? configuration.devices
    : devices.value.map((one) => ({ id: one.id, keys: describedKeys(one) }));
  return (
    <div class="settings">
      {isRead && <Notice>{say("device.settings_read_only")}</Notice>}
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {configuration?.unwritable && (
        <Notice kind="fault">{say("device.unwritable", { reason: configuration.unwritable })}</Notice>
      )}
      {configuration?.problem && (
        <Notice kind="fault" again={again}>
          {say("device.file_invalid", { problem: configuration.problem })}
        </Notice>
      )}
      {table?.admitted && <Notice>{say("device.not_in_file")}</Notice>}
      {isPart(device) && <PartName key={device.id} device={device} />}
      {keys && <NameAndPlace device={device} keys={keys} bar={bar} />}
      {hasSchedule(device) && <Schedule device={device} isShown={shown === "schedule"} />}
      <Behaviour device={device} />
      {keys && <Counting device={device} all={all} keys={keys} bar={bar} />}
      {table && keys && <Limits device={device} keys={keys} bar={bar} />}
      {table && keys && (
        <section aria-labelledby="rarely">
          <h2 id="rarely">{say("device.rarely")}</h2>
          <Measuring device={device} keys={keys} bar={bar} />
          <Identifier device={device} bar={bar} />
        </section>
      )}
      {table && <Remove device={device} bar={bar} isOpen={shown === "remove"} />}
      {isPart(device) && <PartRemoval device={device} isOpen={shown === "remove"} />}
      {!keys && !isPart(device) && (
        <p class="soft">{configuration ? say("device.no_table") : say("device.settings_loading")}</p>
      )}
    </div>
  );
}
