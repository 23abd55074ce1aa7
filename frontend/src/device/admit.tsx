/** Plugs that called and that nobody knows: each with a form that takes it in. */
import { computed } from "@preact/signals";
import { useId, useState } from "preact/hooks";

import { momentWords } from "../format";
import { post, Refused } from "../http";
import { devices, now, role, timezone, wantLogin } from "../live";
import { Notice } from "../parts/notice";
import { StateDot } from "../parts/state";
import type { Device } from "../shapes";
import { say } from "../words";
import { idProblem } from "./ids";

export const strangers = computed(() => devices.value.filter((one) => one.state === "seen"));

/** All of them; what was taken in is said where it happened. `none`: what to say where nobody waits. */
export function Strangers({ none }: { none?: string }) {
  const [admitted, setAdmitted] = useState("");
  return (
    <>
      <div role="status">{admitted && <Admitted id={admitted} />}</div>
      {strangers.value.length > 0 ? (
        <ul class="strangers">
          {strangers.value.map((one) => (
            <li key={one.id}>
              <Stranger device={one} onAdmitted={setAdmitted} />
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
      {say("device.admitted", { id })} <a href={`/devices/${encodeURIComponent(id)}`}>{say("device.look")}</a>
    </p>
  );
}

export function Stranger({ device, onAdmitted }: { device: Device; onAdmitted: (id: string) => void }) {
  const time = device.since ? momentWords(Date.parse(device.since) / 1000, now.value, timezone.value) : "";
  return (
    <article class="stranger">
      <p class="row-of">
        <StateDot state={device.state} />
        <strong>{device.info.uuid ?? device.id}</strong>
      </p>
      <p class="soft small">{say("device.called", { address: device.info.address ?? "?", time })}</p>
      {role.value === "read" ? <p class="soft">{say("device.admit_read_only")}</p> : <AdmitForm device={device} onAdmitted={onAdmitted} />}
    </article>
  );
}

function AdmitForm({ device, onAdmitted }: { device: Device; onAdmitted: (id: string) => void }) {
  const [id, setId] = useState("");
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const [input, rule, error] = [useId(), useId(), useId()];
  const admit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const problem = idProblem(id, devices.peek().map((one) => one.id));
    setRefusal(problem);
    if (problem) return;
    setBusy(true);
    const answer = await admitted(device, id);
    setBusy(false);
    setRefusal(answer);
    if (!answer) onAdmitted(id);
  };
  return (
    <form class="admit" noValidate onSubmit={(event) => void admit(event)}>
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
            setRefusal("");
          }}
        />
      </div>
      <button type="submit" class="main" aria-busy={busy} aria-disabled={busy ? true : undefined}>
        {say("device.admit")}
      </button>
      <p class="soft small" id={rule}>
        {say("device.admit_rule")}
      </p>
      <div class="refusal" id={error}>
        {refusal && <Notice kind="fault">{refusal}</Notice>}
      </div>
    </form>
  );
}

/** Why the hub did not take it in; "" where it did. */
async function admitted(device: Device, id: string): Promise<string> {
  try {
    await post<Device>("/api/admit", { uuid: device.info.uuid ?? device.id, id });
    return "";
  } catch (error) {
    if (error instanceof Refused && error.status === 401) wantLogin();
    return error instanceof Refused ? error.message : String(error);
  }
}
