/** The newest events of a device as sentences; all on request. */
import { useState } from "preact/hooks";

import { now, timezone } from "../../data/live";
import type { Device } from "../../data/shapes";
import { Notice } from "../../parts/notice";
import { timeText } from "../../text/format";
import { say } from "../../text/words";
import { happenings } from "./happened";
import type { Past } from "./past";

const FEW = 5;

export function WhatHappened({ device, past }: { device: Device; past: Past }) {
  const [isAll, setAll] = useState(false);
  const all = past.isLoaded ? happenings(device, past.events, past.switches) : [];
  return (
    <section class="happened" aria-labelledby="happened">
      <div class="sec">
        <h2 id="happened">{say("device.happened")}</h2>
        {all.length > FEW && (
          <button type="button" class="quiet" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
            {say(isAll ? "device.fewer" : "device.all_of_it", { count: all.length })}
          </button>
        )}
      </div>
      {past.error && (
        <Notice kind="fault" again={past.again}>
          {past.error}
        </Notice>
      )}
      {past.isLoaded && !all.length && <p class="soft">{say("device.nothing_happened")}</p>}
      <ul class="entries">
        {(isAll ? all : all.slice(0, FEW)).map((one) => (
          <li key={one.key} data-problem={one.isProblem || undefined}>
            <div>
              {one.text}
              {one.why && <p class="small soft">{one.why}</p>}
            </div>
            <time class="soft" dateTime={new Date(one.at * 1000).toISOString()}>
              {timeText(one.at, now.value, timezone.value)}
            </time>
          </li>
        ))}
      </ul>
    </section>
  );
}
