/** What was found and the test of one of it, asked for again and again; and the search that begins by itself once. */
import { useEffect, useRef, useState } from "preact/hooks";

import { role, version } from "../data/live";
import { usePolled, type Polled } from "../data/polled";
import type { Onboarding } from "../data/shapes";
import { pauseOf } from "./progress";
import { look, PATH } from "./requests";

/**
 * For the role control only; others get no value. `offer`: the one whose test is shown, which goes on while it is; "" =
 * none.
 */
export function useOnboarding(offer = ""): Polled<Onboarding> {
  const [pause, setPause] = useState(pauseOf(undefined, true));
  const may = version.value !== "" && role.value === "control";
  const polled = usePolled<Onboarding>(may ? PATH : undefined, pause, { offer });
  const last = useRef<Onboarding | undefined>(undefined);
  if (polled.value) last.current = polled.value;
  const view = last.current; // that of another offer is as good until the next one is here
  const next = pauseOf(view?.test, !view || looks(view));
  useEffect(() => setPause(next), [next]);
  const isNew = view?.sources.some((one) => one.source === "network" && one.state === "idle") ?? false;
  useEffect(() => {
    if (isNew) void look().then(polled.again);
  }, [isNew, polled.again]);
  return { ...polled, value: view };
}

/** Whether something is still looked for. */
export function looks(view: Onboarding): boolean {
  return view.sources.some((one) => one.state === "looking");
}
