/** The addresses of the page of a fleet. Pure. */
export const PAGES = ["/", "/energy", "/commands", "/events", "/settings"] as const;

export const DEPTHS = ["overview", "history", "events", "manage"] as const;
export type Depth = (typeof DEPTHS)[number];

/** The home and the part of its page that a path names; undefined if it is not the path of a home. */
export function homeAt(path: string): { id: string; depth: Depth } | undefined {
  const [, id, last] = /^\/homes\/([\w-]+)(?:\/([^/]*))?\/?$/.exec(path) ?? [];
  return id === undefined ? undefined : { id, depth: DEPTHS.find((one) => one === last) ?? "overview" };
}

export function placeOfHome(id: string, depth: Depth = "overview"): string {
  return depth === "overview" ? `/homes/${id}` : `/homes/${id}/${depth}`;
}

/** The page that a path belongs to; homes, and unknown paths, to the list of homes. */
export function pageOf(path: string): (typeof PAGES)[number] {
  return PAGES.find((one) => one !== "/" && (path === one || path.startsWith(`${one}/`))) ?? "/";
}

/** Where the fleet answers what the pages of a home ask its hub for. `asks`: whether history is asked of the home itself. */
export function apiOfHome(id: string, asks: () => boolean = () => false): (path: string) => string {
  return (path) => {
    if (!path.startsWith("/api/") || path.startsWith("/api/fleet/")) return path;
    if (!/^\/api\/(?:history|energy)$/.test(path)) return `/api/fleet/homes/${id}${path}`;
    return `/api/fleet/homes/${id}${path.slice(4)}${asks() ? "?source=hub" : ""}`;
  };
}
