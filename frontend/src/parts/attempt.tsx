/** A form that the hub may refuse: busy while the request is running, then the reason of a refusal. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Notice } from "./notice";

type Attempt = { busy: boolean; refusal: string; forget: () => void; submit: (event: Event) => void };

/** `go` sends the form and returns the reason of a refusal, or "". No request is sent while `barred`. */
export function useAttempt(go: () => Promise<string>, barred = false): Attempt {
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = async () => {
    setBusy(true);
    const text = await go();
    setBusy(false);
    setRefusal(text);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy && !barred) void attempt();
  };
  return { busy, refusal, forget: () => setRefusal(""), submit };
}

export function Submit({
  busy,
  barred = false,
  children,
}: {
  busy: boolean;
  barred?: boolean;
  children: ComponentChildren;
}) {
  return (
    <button type="submit" class="main" aria-busy={busy} aria-disabled={busy || barred ? true : undefined}>
      {children}
    </button>
  );
}

/** The refusal, with an id for `aria-describedby`. */
export function Refusal({ id, text }: { id: string; text: string }) {
  return (
    <div class="refusal" id={id}>
      {text && <Notice kind="fault">{text}</Notice>}
    </div>
  );
}
