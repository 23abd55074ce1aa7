/** The newest lines of the hub's log that name the device. */
import { useState } from "preact/hooks";

import { timezone } from "../../../data/live";
import { usePolled } from "../../../data/polled";
import type { Device } from "../../../data/shapes";
import type { components } from "../../../api";
import { Notice } from "../../../parts/notice";
import { clockText } from "../../../text/format";
import { say } from "../../../text/words";

type Line = components["schemas"]["LogView"];

export function HubLog({ device }: { device: Device }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section aria-labelledby="hub-log">
      <h2 id="hub-log">{say("device.hub_log")}</h2>
      <details class="plain" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{say("device.hub_log_show")}</summary>
        {isOpen && <Lines device={device} />}
      </details>
    </section>
  );
}

function Lines({ device }: { device: Device }) {
  const { value, error, again } = usePolled<Line[]>(`/api/devices/${encodeURIComponent(device.id)}/log`);
  if (error)
    return (
      <Notice kind="fault" again={again}>
        {error}
      </Notice>
    );
  return (
    <>
      {value && !value.length && <p class="soft">{say("device.hub_log_empty")}</p>}
      <ol class="hub-log" aria-busy={value ? undefined : true}>
        {[...(value ?? [])].reverse().map((line, index) => (
          <li key={index} data-level={line.level}>
            <time dateTime={line.at}>{clockText(Date.parse(line.at) / 1000, timezone.value)}</time>
            <span>{line.text}</span>
          </li>
        ))}
      </ol>
      <button type="button" onClick={again}>
        {say("device.refresh")}
      </button>
    </>
  );
}
