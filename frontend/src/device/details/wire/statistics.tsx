/** Statistics of the links of a device, by channel. */
import { say } from "../../../text/words";
import { Notice } from "../../../parts/notice";
import { countText } from "../../../text/format";
import { usePolled } from "../../../data/polled";
import { reasonsText, roundTripText, summaryOf, type Stats } from "./wire-statistics";
import type { Device } from "../../../data/shapes";

const POLL_MS = 2_000;

export function Statistics({ device }: { device: Device }) {
  const { value, error, again } = usePolled<Record<string, Stats>>(
    `/api/devices/${encodeURIComponent(device.id)}/wire`,
    POLL_MS,
  );
  const channels = Object.entries(value ?? {});
  return (
    <section class="wire" aria-labelledby="wire">
      <h2 id="wire">{say("device.wire")}</h2>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {!value && !error && <div class="counts skeleton" aria-busy="true" />}
      {value && !channels.some(([, stats]) => Object.keys(stats).length) && (
        <p class="soft">{say("device.wire_closed_link")}</p>
      )}
      {channels.map(([name, stats]) => (
        <Channel key={name} name={channels.length > 1 ? name : ""} stats={stats} />
      ))}
    </section>
  );
}

function Channel({ name, stats }: { name: string; stats: Stats }) {
  if (!Object.keys(stats).length) return null;
  const { received, sent, noise, reasons, roundTrip, ignored, rest } = summaryOf(stats);
  return (
    <div class="channel">
      {name && <h3>{say("device.channel", { name })}</h3>}
      <dl class="counts live">
        {received !== undefined && <Figure name={say("device.frames_received")} value={countText(received)} />}
        {sent !== undefined && <Figure name={say("device.frames_sent")} value={countText(sent)} />}
        {noise !== undefined && (
          <Figure
            name={say("device.noise")}
            value={countText(noise)}
            unit={say("device.bytes")}
            note={reasonsText(reasons) || say("device.no_noise")}
          />
        )}
        {roundTrip !== undefined && roundTrip > 0 && (
          <Figure name={say("device.round_trip")} value={roundTripText(roundTrip)} unit="ms" />
        )}
        {ignored !== undefined && (
          <Figure
            name={say("device.ignored")}
            value={countText(ignored)}
            note={ignored ? say("device.ignored_why") : ""}
          />
        )}
      </dl>
      {rest.length > 0 && (
        <details class="plain">
          <summary>{say("device.more_counts", { count: rest.length })}</summary>
          <dl class="facts live">
            {rest.map(({ key, name, value }) => (
              <div key={key}>
                <dt>{name}</dt>
                <dd>{countText(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function Figure({ name, value, unit, note }: { name: string; value: string; unit?: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
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
