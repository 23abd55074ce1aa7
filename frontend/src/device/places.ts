/**
 * The addresses of a device's page: three depths, each with an address of its own. Pure.
 *
 *     /devices/kettle     /devices/kettle/settings     /devices/kettle/details
 */
export const DEPTHS = ["overview", "settings", "details"] as const;
export type Depth = (typeof DEPTHS)[number];

/** The device and the depth that a path names; undefined if it is not the path of a device. */
export function deviceAt(path: string): { id: string; depth: Depth } | undefined {
  const [, part, last] = /^\/devices\/([^/]+)(?:\/([^/]*))?\/?$/.exec(path) ?? [];
  if (part === undefined) return undefined;
  return { id: decoded(part), depth: DEPTHS.find((one) => one === last) ?? "overview" };
}

export function placeOf(id: string, depth: Depth = "overview"): string {
  const place = `/devices/${encodeURIComponent(id)}`;
  return depth === "overview" ? place : `${place}/${depth}`;
}

/** The address of the history of a device; of its power by default. */
export function historyOf(device: string, point = "power_W"): string {
  const query = new URLSearchParams();
  if (point !== "power_W") query.append("what", point);
  query.append("device", device);
  return `/history?${query}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % in the address bar
  }
}
