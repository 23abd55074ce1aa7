/** A form that the hub may refuse: busy while it is being tried, afterwards the refusal in words. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Notice } from "./notice";

type Attempt = { busy: boolean; refusal: string; forget: () => void; submit: (event: Event) => void };

/** `go` does it and says why not, "" where it was done. While `barred`, nothing is tried. */
export function useAttempt(go: () => Promise<string>, barred = false): Attempt {
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = async () => {
    setBusy(true);
    const words = await go();
    setBusy(false);
    setRefusal(words);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy && !barred) void attempt();
  };
  return { busy, refusal, forget: () => setRefusal(""), submit };
}

export function Submit({ busy, barred = false, children }: { busy: boolean; barred?: boolean; children: ComponentChildren }) {
  return (
    <button type="submit" class="main" aria-busy={busy} aria-disabled={busy || barred ? true : undefined}>
      {children}
    </button>
  );
}

/** Where a field's `aria-describedby` finds the refusal. */
export function Refusal({ id, words }: { id: string; words: string }) {
  return (
    <div class="refusal" id={id}>
      {words && <Notice kind="fault">{words}</Notice>}
    </div>
  );
}
