/** The history of many series: of so many in one request as the hub answers at once. */
import { get } from "./http";
import type { History } from "./shapes";

/** In one request of /api/history. */
export const MOST_SERIES = 24;

/** The answers one after the other. Throws HubError. */
export async function* historiesOf(
  series: readonly string[],
  query: { start: number; end: number; points: number },
): AsyncGenerator<History> {
  for (let index = 0; index < series.length; index += MOST_SERIES) {
    yield await get<History>("/api/history", { series: series.slice(index, index + MOST_SERIES), ...query });
  }
}
