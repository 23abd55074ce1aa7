/** How a plug becomes a device: its name, the device that it counts inside, and whether it produces. */
import { useId } from "preact/hooks";

import { devices } from "../data/live";
import { nameOf } from "../devices/points";
import { say } from "../text/words";

export type Admission = { name: string; parent: string; produces: boolean };
export const NOT_NAMED: Admission = { name: "", parent: "", produces: false };

type Props = { value: Admission; onChange: (value: Admission) => void; describedBy?: string; invalid?: boolean };

export function AdmissionFields({ value, onChange, describedBy = "", invalid = false }: Props) {
  const [name, rule, parent] = [useId(), useId(), useId()];
  const parents = devices.value.filter((one) => one.state !== "seen");
  return (
    <>
      <div class="field">
        <label for={name}>{say("device.admit_name")}</label>
        <input
          id={name}
          value={value.name}
          maxLength={60}
          autoComplete="off"
          aria-describedby={`${rule} ${describedBy}`}
          aria-invalid={invalid}
          onInput={(event) => onChange({ ...value, name: event.currentTarget.value })}
        />
        <p class="soft small" id={rule}>
          {say("device.admit_rule")}
        </p>
      </div>
      {parents.length > 0 && (
        <div class="field">
          <label for={parent}>{say("device.admit_parent")}</label>
          <select
            id={parent}
            value={value.parent}
            onChange={(event) => onChange({ ...value, parent: event.currentTarget.value })}
          >
            <option value="">{say("device.admit_no_parent")}</option>
            {parents.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </div>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={value.produces}
          onChange={(event) => onChange({ ...value, produces: event.currentTarget.checked })}
        />
        {say("device.admit_produces")}
      </label>
    </>
  );
}
