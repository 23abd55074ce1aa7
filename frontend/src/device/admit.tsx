/** Plugs that have connected but are not admitted, each with a form to admit it. */
import { computed } from "@preact/signals";
import { useId, useState } from "preact/hooks";

import { timeText } from "../format";
import { post, HubError } from "../http";
import { devices, now, role, timezone, requestLogin } from "../live";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import { StateDot } from "../parts/state";
import type { Device } from "../shapes";
import { say } from "../words";
import { idProblem } from "./ids";

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
      {role.value === "read" ? <p class="soft">{say("device.admit_read_only")}</p> : <AdmitForm device={device} onAdmitted={onAdmitted} />}
    </article>
  );
}

function AdmitForm({ device, onAdmitted }: { device: Device; onAdmitted: (id: string) => void }) {
  const [id, setId] = useState("");
  const [input, rule, error] = [useId(), useId(), useId()];
  const admit = async () => {
    const taken = devices.peek().map((one) => one.id);
    const problem = idProblem(id, taken) || (await admitted(device, id));
    if (!problem) onAdmitted(id);
    return problem;
  };
  const { busy, refusal, forget, submit } = useAttempt(admit);
  return (
    <form class="admit" noValidate onSubmit={submit}>
      <div class="field">
        <label for={input}>{say("device.admit_id")}</label>
        <input
          id={input}
          value={id}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          aria-describedby={`${rule} ${error}`}
          aria-invalid={refusal !== ""}
          onInput={(event) => {
            setId(event.currentTarget.value);
            forget();
          }}
        />
      </div>
      <Submit busy={busy}>{say("device.admit")}</Submit>
      <p class="soft small" id={rule}>
        {say("device.admit_rule")}
      </p>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

/** The reason why the hub refused to admit the plug; "" if it was admitted. */
async function admitted(device: Device, id: string): Promise<string> {
  try {
    await post<Device>("/api/admit", { uuid: device.info.uuid ?? device.id, id });
    return "";
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return error instanceof HubError ? error.message : String(error);
  }
}
