/** A device's wire: what was counted on each of its channels, and what was last said there. */
import { say } from "../words";
import { Notice } from "../parts/notice";
import { countText } from "../hub/text";
import { Frames } from "./frames-list";
import { usePolled } from "./polled";
import { reasonsText, roundTripText, summaryOf, type Stats } from "./wire-statistics";
import type { Device } from "../shapes";

const EVERY = 2_000; // ms

export function Wire({ device }: { device: Device }) {
  return (
    <>
      <Statistics device={device} />
      <Frames device={device} />
    </>
  );
}

function Statistics({ device }: { device: Device }) {
  const { value, error, again } = usePolled<Record<string, Stats>>(`/api/devices/${encodeURIComponent(device.id)}/wire`, EVERY);
  const channels = Object.entries(value ?? {});
  return (
    <section class="card wire" aria-labelledby="wire">
      <h2 id="wire">{say("device.wire")}</h2>
      {error && <Notice kind="fault" again={again}>{error}</Notice>}
      {!value && !error && <div class="counts skeleton" aria-busy="true" />}
      {value && !channels.some(([, stats]) => Object.keys(stats).length) && <p class="soft">{say("device.wire_closed_link")}</p>}
      {channels.map(([name, stats]) => (
        <Channel key={name} name={channels.length > 1 ? name : ""} stats={stats} />
      ))}
    </section>
  );
}

function Channel({ name, stats }: { name: string; stats: Stats }) {
  if (!Object.keys(stats).length) return null;
  const { heard, sent, noise, reasons, roundTrip, ignored, rest } = summaryOf(stats);
  return (
    <div class="channel">
      {name && <h3>{say("device.channel", { name })}</h3>}
      <dl class="counts live">
        {heard !== undefined && <Figure words={say("device.frames_received")} value={countText(heard)} />}
        {sent !== undefined && <Figure words={say("device.frames_sent")} value={countText(sent)} />}
        {noise !== undefined && (
          <Figure words={say("device.noise")} value={countText(noise)} unit={say("device.bytes")} note={reasonsText(reasons) || say("device.no_noise")} />
        )}
        {roundTrip !== undefined && roundTrip > 0 && <Figure words={say("device.round_trip")} value={roundTripText(roundTrip)} unit="ms" />}
        {ignored !== undefined && <Figure words={say("device.ignored")} value={countText(ignored)} note={ignored ? say("device.ignored_why") : ""} />}
      </dl>
      {rest.length > 0 && (
        <details class="plain">
          <summary>{say("device.more_counts", { count: rest.length })}</summary>
          <dl class="facts live">
            {rest.map(({ key, words, value }) => (
              <div key={key}>
                <dt>{words}</dt>
                <dd>{countText(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function Figure({ words, value, unit, note }: { words: string; value: string; unit?: string; note?: string }) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>
        <span class="figure">
          {value}
          {unit && <span class="unit"> {unit}</span>}
        </span>
        {note && <span class="soft small"> {note}</span>}
      </dd>
    </div>
  );
}
