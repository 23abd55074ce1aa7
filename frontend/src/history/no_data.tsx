/** The notice for a period without data: since when there is data, and a button to go there. */
import { useEffect, useState } from "preact/hooks";

import { address, get } from "../data/http";
import { now, timezone } from "../data/live";
import { Notice } from "../parts/notice";
import type { History } from "../data/shapes";
import { say } from "../text/words";
import { dayOf, type Day } from "../time/calendar";
import { momentText } from "./table";

const FURTHEST = 10 * 365 * 86_400; // s: range of the search
const PARTS = 500; // rows per request; two requests locate the hour within ten years

export function NoData({ series, goTo }: { series: readonly string[]; goTo: (day: Day) => void }) {
  const [since, setSince] = useState<number | null>(null);
  const wanted = series.join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `series` by `wanted`, since it is made again each time
  useEffect(() => {
    const stop = new AbortController();
    const until = now.peek();
    oldest(series, until - FURTHEST, until, stop.signal)
      .then((rough) =>
        rough
          ? oldest(series, rough.at, Math.min(rough.at + rough.step, until), stop.signal).then(
              (fine) => fine?.at ?? rough.at,
            )
          : null,
      )
      .then(setSince)
      .catch(() => undefined); // optional: the notice is shown without it
    return () => stop.abort();
  }, [wanted]);
  if (since === null) return <Notice>{say("history.no_data")}</Notice>;
  return (
    <div class="row-of no-data">
      <Notice>{say("history.data_since", { since: momentText(since, timezone.value) })}</Notice>
      <button type="button" onClick={() => goTo(dayOf(since, timezone.value))}>
        {say("history.go_to_data")}
      </button>
    </div>
  );
}

/** The first row between two times that has a value. */
async function oldest(
  series: readonly string[],
  start: number,
  end: number,
  stop: AbortSignal,
): Promise<{ at: number; step: number } | null> {
  const answer = await get<History>(
    address("/api/history", { series, start: Math.floor(start), end: Math.ceil(end), points: PARTS }),
    {},
    stop,
  );
  const times = answer.series.flatMap((one) => one.at.find((_, index) => one.value[index] !== null) ?? []);
  return times.length ? { at: Math.min(...times), step: Math.max(answer.step, 1) } : null;
}
