/** The test of one offer, for as long as the page shows it: begun, followed, ended. */
import { useEffect, useRef, useState } from "preact/hooks";

import type { LinkTest, Onboarding } from "../data/shapes";
import { isActive, relationOf, type Relation } from "./progress";
import { beginTest, endTest } from "./requests";

/** `refusal`: why it could not be begun. `test`: of this offer, once the hub shows it. */
export type Followed = { relation: Relation; test: LinkTest | undefined; refusal: string; begin: () => void };

/** `mine`, `seen`: see relationOf. `waits`: another window has the test, so this one asks before it begins its own. */
type Held = { mine?: number; seen: boolean; busy: boolean; waits: boolean; refusal: string };

export function useTest(view: Onboarding, offer: string, again: () => void): Followed {
  const held = useRef<Held>({ seen: false, busy: false, waits: false, refusal: "" }).current;
  const [, render] = useState(0);
  const { test } = view;
  const relation = related(held, test, offer);
  const begin = async () => {
    if (held.busy) return;
    Object.assign(held, { busy: true, waits: false, refusal: "" });
    render((count) => count + 1);
    const { value, refusal } = await beginTest(offer);
    Object.assign(held, { busy: false, refusal, ...(value && { mine: value.test.number, seen: false }) });
    render((count) => count + 1);
    again();
  };
  useEffect(() => {
    if (related(held, test, offer) === "begin" && !held.refusal) void begin();
  });
  const running = useRef<number | undefined>(undefined);
  running.current = relation === "ours" && isActive(test) ? test.number : undefined;
  useEffect(() => () => void (running.current !== undefined && endTest(running.current)), []);
  return { relation, test: relation === "ours" ? test : undefined, refusal: held.refusal, begin: () => void begin() };
}

/** What the test is to this page now; what is seen is kept. */
function related(held: Held, test: LinkTest, offer: string): Relation {
  if (held.busy) return "begun";
  const relation = relationOf(test, offer, held.mine, held.seen);
  if (relation === "ours") Object.assign(held, { mine: test.number, seen: true, waits: false });
  if (relation === "taken") held.waits = true;
  return relation === "begin" && held.waits ? "taken" : relation;
}
