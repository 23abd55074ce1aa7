/** How to record what is on the wire of a device, and how to report a fault: commands on the hub's computer. */
import type { Device } from "../../../data/shapes";
import { say } from "../../../text/words";

export function Recording({ device }: { device: Device }) {
  const commands = [
    ["device.record", `unclouded config set ${device.id} record=${device.id}.jsonl`],
    ["device.record_decode", `unclouded decode ${device.id}.jsonl`],
    ["device.dump", `unclouded dump ${device.id}`],
  ] as const;
  return (
    <section aria-labelledby="recording">
      <h2 id="recording">{say("device.recording")}</h2>
      <p class="small soft">{say("device.recording_text")}</p>
      <dl class="commands">
        {commands.map(([title, command]) => (
          <div key={title}>
            <dt>{say(title)}</dt>
            <dd>
              <code>{command}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
