/** Forget a plug that was admitted: the counterpart of admitting it. Its history stays. */
import { useId, useRef } from "preact/hooks";

import { HubError, remove } from "../../data/http";
import { requestLogin, role } from "../../data/live";
import { Refusal, Submit, useAttempt } from "../../parts/attempt";
import { nameOf } from "../../devices/points";
import { go } from "../../routing/router";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";

/** Plugs are admitted that connect by themselves; the hub refuses the others with the reason. */
export function canBeForgotten(device: Device): boolean {
  return device.link === "broker:" && device.state !== "seen" && role.value !== "read";
}

export function Forget({ device }: { device: Device }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [title, error] = [useId(), useId()];
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    const problem = await forgotten(device);
    if (!problem) go("/devices");
    return problem;
  });
  return (
    <section class="card" aria-labelledby={title}>
      <h2 id={title}>{say("device.forget")}</h2>
      <p class="soft">{say("device.forget_text")}</p>
      <div>
        <button
          type="button"
          class="danger"
          onClick={() => {
            forget();
            dialog.current?.showModal();
          }}
        >
          {say("device.forget")}
        </button>
      </div>
      <dialog ref={dialog} aria-labelledby={`${title}-ask`}>
        <form class="admit" onSubmit={submit}>
          <h3 id={`${title}-ask`}>{say("device.forget_ask", { name: nameOf(device) })}</h3>
          <p>{say("device.forget_text")}</p>
          <div class="row-of">
            <Submit busy={busy}>{say("device.forget")}</Submit>
            <button type="button" onClick={() => dialog.current?.close()}>
              {say("device.cancel")}
            </button>
          </div>
          <Refusal id={error} text={refusal} />
        </form>
      </dialog>
    </section>
  );
}

async function forgotten(device: Device): Promise<string> {
  try {
    await remove<Device>(`/api/devices/${encodeURIComponent(device.id)}`);
    return "";
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return error instanceof HubError ? error.message : String(error);
  }
}
