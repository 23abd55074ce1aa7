/** The navigation entry that a path belongs to. */
export const PATHS = ["/", "/history", "/devices", "/settings"] as const;

/**
 * `/devices/kettle`, `/add` and `/setup` belong to `/devices`, `/decode`, `/products` and `/rules` to `/settings`,
 * `/bill` and `/tariffs` to `/history`; unknown paths to Now, which is `/`.
 */
export function isAt(place: string, path: string): boolean {
  if (place === "/devices" && (path === "/add" || path === "/setup")) return true;
  if (place === "/history" && (path === "/bill" || path === "/tariffs")) return true;
  if (place === "/settings" && (path === "/decode" || path === "/products" || path === "/rules")) return true;
  if (place !== "/") return path === place || path.startsWith(`${place}/`);
  return !PATHS.some((other) => other !== "/" && isAt(other, path));
}
