import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { connection, requestLogin, start, TIMEOUT_MS } from "./live";

const sockets: FakeSocket[] = [];

/** What the page opens; the test is its hub. */
class FakeSocket {
  onclose?: () => void;
  onmessage?: (event: { data: string }) => void;
  constructor() {
    sockets.push(this);
  }
  close(): void {}
}

const shown = new EventTarget() as EventTarget & { hidden: boolean };
let role: string | null = "control";
let isAnswering = true;

async function ask(_path: string, { signal }: { signal: AbortSignal }): Promise<Response> {
  if (isAnswering) return Response.json({ role });
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function newest(): FakeSocket {
  const last = sockets.at(-1);
  if (!last) throw new Error("the page has not connected");
  return last;
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(AbortSignal, "timeout").mockImplementation((wait) => {
    const ended = new AbortController();
    setTimeout(() => ended.abort(), wait);
    return ended.signal;
  });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("location", { protocol: "http:", host: "hub" });
  vi.stubGlobal("document", shown);
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("fetch", ask);
  [role, isAnswering] = ["control", true];
  await start();
  newest().onmessage?.({ data: "{}" });
});

afterEach(() => {
  requestLogin(); // no timer of it is left
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("leaves the login of a page when the person has logged in on another one, and looks at this again", async () => {
  role = null;
  newest().onclose?.();
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(connection.value).toBe("login");
  shown.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.value).toBe("login");
  role = "read";
  shown.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.value).toBe("connecting");
});

it("stays at the login where the hub does not answer", async () => {
  requestLogin();
  isAnswering = false;
  shown.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
  expect(connection.value).toBe("login");
});

it("connects again where a question is never answered", async () => {
  isAnswering = false;
  const before = sockets.length;
  newest().onclose?.();
  await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
  expect(sockets.length).toBeGreaterThan(before);
});
