/** The keys of a device as they stand in the file of the configuration, without secrets. */
import { role } from "../../../data/live";
import type { Device } from "../../../data/shapes";
import { Fact } from "../../../parts/fact";
import { say } from "../../../text/words";
import { tableOf, useConfiguration, type Keys } from "../../settings/configuration";

export function ConfiguredKeys({ device }: { device: Device }) {
  const { configuration } = useConfiguration(device);
  const table = tableOf(configuration, device.id);
  if (role.value === "read" || !table) return null;
  return (
    <section aria-labelledby="configured">
      <h2 id="configured">{say("device.configured")}</h2>
      <p class="small soft">
        {table.line
          ? say("device.configured_at", { file: configuration?.file ?? "", line: table.line })
          : say("device.not_in_file")}
      </p>
      <dl class="facts">
        {flat(table.keys).map(([key, value]) => (
          <Fact key={key} name={key}>
            <code>{value}</code>
          </Fact>
        ))}
      </dl>
    </section>
  );
}

/** `session.poll_s` and its value as text. */
function flat(keys: Keys, prefix = ""): [string, string][] {
  return Object.entries(keys).flatMap(([key, value]): [string, string][] => {
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return flat(value as Keys, `${prefix}${key}.`);
    return [[`${prefix}${key}`, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}
