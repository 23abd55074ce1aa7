/**
 * The statistics of a wire as people read them. Families count different things; what all of them count comes
 * first, everything else follows by name. Pure.
 *
 *     {frames_in: 1204, noise_bytes: 12, noise_bad_checksum: 2, round_trip_ms: 14.2, restarts: 1}
 *       ──► 1,204 frames heard · 12 bytes of noise (bad checksum 2) · 14 ms · restarts 1
 */
import { countText } from "../hub/text";
import { sayIfKnown } from "../words";

export type Stats = Readonly<Record<string, number>>;
export type Count = { key: string; words: string; value: number };

export type WireSummary = {
  heard: number | undefined;
  sent: number | undefined;
  noise: number | undefined;
  reasons: Count[];
  roundTrip: number | undefined;
  ignored: number | undefined;
  rest: Count[];
};

const REASON = /^noise_(.+)$/;

export function summaryOf(stats: Stats): WireSummary {
  const { frames_in: heard, frames_out: sent, noise_bytes: noise, round_trip_ms: roundTrip, ignored_values: ignored, ...others } = stats;
  const counts = Object.entries(others);
  const reasons = counts.filter(([key, value]) => REASON.test(key) && value > 0).map(([key, value]) => ({ key, words: reasonText(key), value }));
  const rest = counts.filter(([key]) => !REASON.test(key)).map(([key, value]) => ({ key, words: countName(key), value }));
  return { heard, sent, noise, roundTrip, ignored, reasons: reasons.sort((one, other) => other.value - one.value), rest };
}

/** `bad checksum 2, no header 1`. */
export function reasonsText(reasons: readonly Count[]): string {
  return reasons.map(({ words, value }) => `${words} ${countText(value)}`).join(", ");
}

/** `14 ms`, `0.8 ms`; a round trip of 0 has not been measured. */
export function roundTripText(ms: number): string {
  return ms >= 10 ? countText(Math.round(ms)) : String(Number(ms.toFixed(1)));
}

function reasonText(key: string): string {
  return (REASON.exec(key)?.[1] ?? key).replaceAll("_", " ");
}

/** The name of a counter; its key in plain letters where the table of words has none. */
function countName(key: string): string {
  const plain = key.replaceAll("_", " ");
  return sayIfKnown(`device.wire_${key.replaceAll(" ", "_")}`, plain.charAt(0).toUpperCase() + plain.slice(1));
}
