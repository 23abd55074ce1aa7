/** For what is shown wrongly: another profile, and factors of what is measured. The device restarts with them. */
import { usePolled } from "../../data/polled";
import type { DecodeChoices, Device, Point } from "../../data/shapes";
import { say } from "../../text/words";
import { titleOf } from "../../devices/names";
import { roleOf } from "../../devices/roles";
import type { Keys } from "./configuration";
import { Choice, TextSetting } from "./fields";
import { textIn } from "./place";

export function Measuring({ device, keys, bar }: { device: Device; keys: Keys; bar: string }) {
  const points = device.points.filter((point) => isScaled(point, keys));
  const { value } = usePolled<DecodeChoices>("/api/decode");
  const profiles = value?.families.find((one) => one.name === keys.family)?.profiles ?? [];
  const own = textIn(keys, "profile");
  const known = own && !profiles.some((one) => one.name === own) ? [{ name: own, title: own }, ...profiles] : profiles;
  return (
    <details class="plain">
      <summary>{say("device.measuring")}</summary>
      <p class="small soft">{say("device.measuring_text")}</p>
      <div class="entries set">
        {keys.family !== undefined && (
          <Choice
            device={device.id}
            bar={bar}
            name="profile"
            title={say("device.setting_profile")}
            text={say("device.setting_profile_text", { profile: device.profile || "–" })}
            value={own}
            options={[["", say("device.profile_found")], ...known.map(({ name, title }) => [name, title] as const)]}
            keysFor={(name) => ({ profile: name || null })}
          />
        )}
        {points.map((point) => (
          <Scale key={point.key} device={device} point={point} keys={keys} bar={bar} />
        ))}
      </div>
    </details>
  );
}

function Scale({ device, point, keys, bar }: { device: Device; point: Point; keys: Keys; bar: string }) {
  const table = (keys.scale ?? {}) as Readonly<Record<string, number>>;
  const factor = table[point.key];
  const isLast = factor !== undefined && Object.keys(table).length === 1;
  return (
    <TextSetting
      device={device.id}
      bar={bar}
      name={`scale.${point.key}`}
      title={say("device.setting_scale", { point: titleOf(point) })}
      text={say("device.setting_scale_text")}
      value={factor === undefined ? "" : String(factor)}
      hint="1"
      isNumber
      check={(text) => (text.trim() === "" || Number(text.replace(",", ".")) > 0 ? "" : say("device.not_a_factor"))}
      keysFor={(text) => ({
        scale:
          text.trim() === ""
            ? isLast
              ? null
              : { [point.key]: null }
            : { [point.key]: Number(text.replace(",", ".")) },
      })}
    />
  );
}

/** Quantities, not settings and signals; and what has a factor already. */
function isScaled(point: Point, keys: Keys): boolean {
  if (Object.hasOwn((keys.scale ?? {}) as object, point.key)) return true;
  return (
    point.access === "r" &&
    (point.kind === "counter" || point.kind === "number") &&
    /_(W|V|A|Wh|C)$/.test(point.key) &&
    (roleOf(point) === "reading" || point.key.startsWith("energy_") || /_(V|A)$/.test(point.key))
  );
}
