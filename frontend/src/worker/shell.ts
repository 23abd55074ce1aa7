/**
 * What the service worker does with requests: the files of the page only, never answers of the API.
 *
 *     a page (navigation)     from the hub; the kept one only while the hub is not reachable
 *     /assets/NAME-HASH.ext   the kept one, else from the hub, and kept: the name changes with the content
 *     /manifest …, /theme.js, /icon …   from the hub; the kept one only while it is not reachable
 *     anything else           is left to the browser: /api/, /docs/, /ca.pem, other origins, and all that is no GET
 *
 * A page from the hub is always the newest, so a new version never waits for an old one to be closed.
 */
export const PAGE = "/"; // every path of the page has the same file

export type Kind = "page" | "asset" | "file" | "other";

const ASSET = /^\/assets\/[\w.-]+$/;
const FILE = /^\/(?:manifest\.webmanifest|theme\.js|icon[\w-]*\.png)$/;
const NOT_OF_THE_PAGE = /^\/(?:api|docs)(?:\/|$)|^\/(?:ca\.pem|sw\.js)$/;
const HUB_S = 5; // s that the hub may take to send the page while one is kept

/** What a request is for. `origin`: of the page. */
export function kindOf(request: Pick<Request, "method" | "mode" | "url">, origin: string): Kind {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin || NOT_OF_THE_PAGE.test(url.pathname)) return "other";
  if (request.mode === "navigate") return "page";
  if (ASSET.test(url.pathname)) return "asset";
  return FILE.test(url.pathname) ? "file" : "other";
}

type Store = Pick<Cache, "match" | "put">;
type Ask = (request: Request | string, init?: RequestInit) => Promise<Response>;

/** The answer to a request that is not "other". Rejects if there is none. */
export async function answered(kind: Kind, request: Request, store: Store, ask: Ask): Promise<Response> {
  const key = kind === "page" ? PAGE : request.url;
  const kept = await store.match(key);
  if (kind === "asset") return kept ?? keepIn(store, key, await ask(request));
  try {
    const answer = await ask(request, kept ? { signal: AbortSignal.timeout(HUB_S * 1000) } : {});
    return kind === "page" && !isPage(answer) ? answer : keepIn(store, key, answer);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** Fetch what the page needs at its start. Rejects if something is missing: then the version before stays. */
export async function fill(store: Store, files: readonly string[], ask: Ask): Promise<void> {
  const load = async (file: string) => {
    const answer = await ask(file, { cache: "no-cache" });
    if (!answer.ok || answer.redirected) throw new Error(`${file}: ${answer.status}`);
    await store.put(file, answer);
  };
  await Promise.all(files.map(load));
}

/** Whether an answer is the page itself, and not the login of a proxy or an error. */
function isPage(answer: Response): boolean {
  return answer.ok && !answer.redirected && (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
}

function keepIn(store: Store, key: string, answer: Response): Response {
  if (answer.ok && answer.type === "basic") void store.put(key, answer.clone()).catch(() => undefined);
  return answer;
}
