/** The navigation entry that a path belongs to. */
export const PATHS = ["/", "/history", "/devices", "/hub"] as const;

/** `/devices/kettle` belongs to `/devices`; unknown paths to Now, which is `/`. */
export function isAt(place: string, path: string): boolean {
  if (place !== "/") return path === place || path.startsWith(`${place}/`);
  return !PATHS.some((other) => other !== "/" && isAt(other, path));
}
