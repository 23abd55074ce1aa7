/** The test of one offer, for as long as the page shows it: begun, followed, ended. */
import { useEffect, useRef, useState } from "preact/hooks";

import type { LinkTest, Onboarding } from "../data/shapes";
import { isActive, relationOf, type Relation } from "./progress";
import { beginTest, endTest } from "./requests";

/** `refusal`: why it could not be begun. `test`: of this offer, once the hub shows it. */
export type Followed = { relation: Relation; test: LinkTest | undefined; refusal: string; begin: () => void };

export function useTest(view: Onboarding, offer: string, again: () => void): Followed {
  const [begun, setBegun] = useState<{ mine?: number; seen: boolean }>({ seen: false });
  const [refusal, setRefusal] = useState("");
  const isBusy = useRef(false);
  const holds = useRef(false);
  const { test } = view;
  const relation = relationOf(test, offer, begun.mine, begun.seen);
  const begin = async () => {
    if (isBusy.current) return;
    isBusy.current = true;
    setRefusal("");
    const answer = await beginTest(offer);
    isBusy.current = false;
    if (answer.value) setBegun({ mine: answer.value.test.number, seen: false });
    setRefusal(answer.refusal);
    again();
  };
  useEffect(() => {
    if (relation === "ours" && (begun.mine !== test.number || !begun.seen)) setBegun({ mine: test.number, seen: true });
    if (relation === "begin" && !refusal) void begin();
  });
  holds.current = relation === "ours" && isActive(test);
  useEffect(() => () => void (holds.current && endTest()), []);
  return { relation, test: relation === "ours" ? test : undefined, refusal, begin: () => void begin() };
}
