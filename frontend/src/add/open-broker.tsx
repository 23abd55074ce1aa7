/** Lets plugs connect to the hub: one press, then the broker runs. */
import { useState } from "preact/hooks";

import { Notice } from "../parts/notice";
import { say } from "../text/words";
import { configuration, openBroker } from "./requests";

export function OpenBroker({ again }: { again: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const press = async () => {
    setBusy(true);
    setProblem(await opened());
    setBusy(false);
    again();
  };
  return (
    <>
      <button type="button" aria-busy={busy} aria-disabled={busy || undefined} onClick={() => void (busy || press())}>
        {say("add.let_them_call")}
      </button>
      <div class="wide" role="alert">
        {problem && <Notice>{problem}</Notice>}
      </div>
    </>
  );
}

/** Why it does not run now; "" if it does. */
async function opened(): Promise<string> {
  const { value: now, refusal } = await configuration();
  if (!now) return refusal;
  const { value: done, refusal: reason } = await openBroker(now.revision);
  if (!done) return reason;
  return done.needs_restart.includes("broker") ? say("add.broker_later", { reason: done.warnings.join(" ") }) : "";
}
