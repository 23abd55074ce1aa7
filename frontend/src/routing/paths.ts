/** The navigation entry that a path belongs to. */
export const PATHS = ["/", "/history", "/devices", "/hub"] as const;

/** `/devices/kettle`, `/setup` and `/products` belong to `/devices`, `/decode` to `/hub`; unknown paths to Now, which is `/`. */
export function isAt(place: string, path: string): boolean {
  if (place === "/devices" && (path === "/setup" || path === "/products")) return true;
  if (place === "/hub" && path === "/decode") return true;
  if (place !== "/") return path === place || path.startsWith(`${place}/`);
  return !PATHS.some((other) => other !== "/" && isAt(other, path));
}
