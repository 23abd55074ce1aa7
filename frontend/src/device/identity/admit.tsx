/** Plugs that have connected but are not admitted, each with a form to admit it. */
import { computed } from "@preact/signals";
import { useId, useState } from "preact/hooks";

import { timeText } from "../../text/format";
import { post, HubError } from "../../data/http";
import { devices, now, role, timezone, requestLogin } from "../../data/live";
import { Refusal, Submit, useAttempt } from "../../parts/attempt";
import { StateDot } from "../../parts/state";
import { AdmissionFields, NOT_NAMED, type Admission } from "../../setup/admission";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";

export const seenPlugs = computed(() => devices.value.filter((one) => one.state === "seen"));

/** All of them, and a confirmation after admitting one. `none`: the text if there are none. */
export function SeenPlugs({ none }: { none?: string }) {
  const [admitted, setAdmitted] = useState("");
  return (
    <>
      <div role="status">{admitted && <Admitted id={admitted} />}</div>
      {seenPlugs.value.length > 0 ? (
        <ul class="seen-plugs">
          {seenPlugs.value.map((one) => (
            <li key={one.id}>
              <SeenPlug device={one} onAdmitted={setAdmitted} />
            </li>
          ))}
        </ul>
      ) : (
        none && <p class="soft">{none}</p>
      )}
    </>
  );
}

function Admitted({ id }: { id: string }) {
  return (
    <p>
      {say("device.admitted", { id })} <a href={`/devices/${encodeURIComponent(id)}`}>{say("device.open")}</a>
    </p>
  );
}

export function SeenPlug({ device, onAdmitted }: { device: Device; onAdmitted: (id: string) => void }) {
  const time = device.since ? timeText(Date.parse(device.since) / 1000, now.value, timezone.value) : "";
  return (
    <article class="seen-plug">
      <p class="row-of">
        <StateDot state={device.state} />
        <strong>{device.info.uuid ?? device.id}</strong>
      </p>
      <p class="soft small">{say("device.connected_from", { address: device.info.address ?? "?", time })}</p>
      {role.value === "read" ? (
        <p class="soft">{say("device.admit_read_only")}</p>
      ) : (
        <AdmitForm device={device} onAdmitted={onAdmitted} />
      )}
    </article>
  );
}

function AdmitForm({ device, onAdmitted }: { device: Device; onAdmitted: (id: string) => void }) {
  const [admission, setAdmission] = useState(NOT_NAMED);
  const error = useId();
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    if (!admission.name.trim()) return say("device.name_missing");
    const { id, problem } = await admitted(device, admission);
    if (!problem) onAdmitted(id);
    return problem;
  });
  const change = (value: Admission) => {
    setAdmission(value);
    forget();
  };
  return (
    <form class="admit" noValidate onSubmit={submit}>
      <AdmissionFields value={admission} onChange={change} describedBy={error} invalid={refusal !== ""} />
      <div>
        <Submit busy={busy}>{say("device.admit")}</Submit>
      </div>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

/** The id of the new device, or why the hub refused to admit the plug. */
async function admitted(device: Device, admission: Admission): Promise<{ id: string; problem: string }> {
  try {
    const { id } = await post<Device>("/api/admit", { uuid: device.info.uuid ?? device.id, ...admission });
    return { id, problem: "" };
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return { id: "", problem: error instanceof HubError ? error.message : String(error) };
  }
}
