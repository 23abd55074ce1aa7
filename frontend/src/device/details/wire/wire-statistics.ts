/**
 * Link statistics for display. Counters differ between families; the common ones come first, the others follow by name.
 * Pure.
 *
 *     {frames_in: 1204, noise_bytes: 12, noise_bad_checksum: 2, round_trip_ms: 14.2, restarts: 1}
 *       ──► 1,204 frames received · 12 bytes of noise (bad checksum 2) · 14 ms · restarts 1
 */
import { countText } from "../../../text/format";
import { sayIfKnown } from "../../../text/words";
import { titled } from "../../../text/printable";

export type Stats = Readonly<Record<string, number>>;
export type Count = { key: string; name: string; value: number };

export type WireSummary = {
  received: number | undefined;
  sent: number | undefined;
  noise: number | undefined;
  reasons: Count[];
  roundTrip: number | undefined;
  ignored: number | undefined;
  rest: Count[];
};

const REASON = /^noise_(.+)$/;

export function summaryOf(stats: Stats): WireSummary {
  const {
    frames_in: received,
    frames_out: sent,
    noise_bytes: noise,
    round_trip_ms: roundTrip,
    ignored_values: ignored,
    ...others
  } = stats;
  const counts = Object.entries(others);
  const reasons = counts
    .filter(([key, value]) => REASON.test(key) && value > 0)
    .map(([key, value]) => ({ key, name: reasonText(key), value }));
  const rest = counts
    .filter(([key]) => !REASON.test(key))
    .map(([key, value]) => ({ key, name: countName(key), value }));
  return {
    received,
    sent,
    noise,
    roundTrip,
    ignored,
    reasons: reasons.sort((one, other) => other.value - one.value),
    rest,
  };
}

/** `bad checksum 2, no header 1`. */
export function reasonsText(reasons: readonly Count[]): string {
  return reasons.map(({ name, value }) => `${name} ${countText(value)}`).join(", ");
}

/** `14 ms`, `0.8 ms`; 0 means not measured. */
export function roundTripText(ms: number): string {
  return countText(ms, ms >= 10 ? 0 : 1);
}

function reasonText(key: string): string {
  return (REASON.exec(key)?.[1] ?? key).replaceAll("_", " ");
}

/** The name of a counter; its key if the table of texts has none. */
function countName(key: string): string {
  return sayIfKnown(`device.wire_${key.replaceAll(" ", "_")}`, titled(key));
}
