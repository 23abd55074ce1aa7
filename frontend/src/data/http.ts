/** HTTP requests to the hub with JSON bodies; problems are thrown as errors with a readable message. */
import { parse } from "../text/printable";
import type { Problem } from "./shapes";
import { say, currentLanguage } from "../text/words";

/**
 * A failed request. `status` 0: no answer from the hub. `after`: seconds to wait before the next attempt. `problem`:
 * the body of the answer; that of a conflict (409) has more.
 */
export class HubError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly after = 0,
    readonly problem: Problem | undefined = undefined,
  ) {
    super(message);
  }
}

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

let placed = (path: string) => path;

/**
 * Where the API of the hub is found that the page shows: `to` gives the path for one of it. At a hub it is that itself.
 */
export function placeApi(to: (path: string) => string): void {
  placed = to;
}

/** `/api/history?series=a.power_W&series=b.power_W`; undefined values are omitted. */
export function address(own: string, query: Query = {}): string {
  const path = placed(own);
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) parameters.append(key, String(one));
  }
  return parameters.size ? `${path}${path.includes("?") ? "&" : "?"}${parameters}` : path;
}

const LONGEST_GET_MS = 30_000; // for which a page waits for what it shows
const LONGEST_CHANGE_MS = 60_000; // for which it waits for a change; those behind it wait too

/** The answer to GET. Throws HubError, also where none comes. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return limited(LONGEST_GET_MS, signal, async (within) =>
    parse<T>(await (await ask(address(path, query), { signal: within })).text()),
  );
}

/** Whether GET would be answered; what comes is left. Throws HubError. */
export async function probe(path: string): Promise<void> {
  const begun = new AbortController();
  await limited(LONGEST_GET_MS, begun.signal, async (signal) => {
    await ask(path, { signal });
    begun.abort();
  });
}

/** The answer to POST. Throws HubError. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  return parse<T>(await (await ask(path, posting(body))).text());
}

/** The answer to PATCH. Throws HubError. */
export async function patch<T>(path: string, body: unknown): Promise<T> {
  return limited(LONGEST_CHANGE_MS, undefined, async (signal) =>
    parse<T>(await (await ask(path, { ...posting(body), method: "PATCH", signal })).text()),
  );
}

/** The answer to PUT of JSON. Throws HubError. */
export async function putJson<T>(path: string, body: unknown): Promise<T> {
  return parse<T>(await (await ask(path, { ...posting(body), method: "PUT" })).text());
}

/** The answer to PUT of a file as it is. Throws HubError. */
export async function put<T>(path: string, file: Blob): Promise<T> {
  const headers = { "Content-Type": "application/octet-stream" };
  return parse<T>(await (await ask(path, { method: "PUT", headers, body: file })).text());
}

/** The answer to POST of bytes as they are. `read`: reads its JSON. Throws HubError. */
export async function postBytes<T>(
  path: string,
  query: Query,
  bytes: Blob,
  signal?: AbortSignal,
  read: (text: string) => T = parse,
): Promise<T> {
  const headers = { "Content-Type": "application/octet-stream" };
  const init = { method: "POST", headers, body: bytes, ...(signal ? { signal } : {}) };
  return read(await (await ask(address(path, query), init)).text());
}

/** The answer to DELETE. Throws HubError. */
export async function remove<T>(path: string, query: Query = {}): Promise<T> {
  return limited(LONGEST_CHANGE_MS, undefined, async (signal) =>
    parse<T>(await (await ask(address(path, query), { method: "DELETE", signal })).text()),
  );
}

/** The JSON lines of the answer to POST, as they arrive. Throws HubError. */
export async function* postForLines<T>(path: string, body: unknown): AsyncGenerator<T> {
  const stream = (await ask(path, posting(body))).body;
  if (!stream) return;
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield parse<T>(line);
  }
}

/** Some work that takes at most so long; then the hub is taken for one that does not answer. */
async function limited<T>(
  most_ms: number,
  signal: AbortSignal | undefined,
  work: (within: AbortSignal) => Promise<T>,
): Promise<T> {
  const within = new AbortController();
  let isLate = false;
  const stop = () => within.abort(signal?.reason);
  const timer = setTimeout(() => {
    isLate = true;
    within.abort();
  }, most_ms);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return await work(within.signal);
  } catch (error) {
    throw isLate ? new HubError(0, say("app.no_answer")) : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function posting(body: unknown): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(placed(path), { ...init, headers: { ...init.headers, "Accept-Language": currentLanguage() } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new HubError(0, say("app.no_answer"));
  }
  if (answer.ok) return answer;
  const problem = await answer
    .text()
    .then(parse<Problem>)
    .catch(() => null);
  const after = Number(answer.headers.get("Retry-After") ?? 0) || 0;
  throw new HubError(
    answer.status,
    problem?.detail ?? say("app.unexpected_answer", { status: answer.status }),
    after,
    problem ?? undefined,
  );
}
