import { afterEach, describe, expect, it, vi } from "vitest";

import { loadWords, say } from "../text/words";
import { get, HubError, patch } from "./http";

/** A hub that takes requests and answers none. */
function silent(): void {
  vi.stubGlobal(
    "fetch",
    (_: string, { signal }: RequestInit) =>
      new Promise((__, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error))),
  );
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a hub that does not answer", () => {
  it.each([
    ["a value", () => get("/api/configuration"), 30],
    ["a change", () => patch("/api/configuration/hub/hub", {}), 60],
  ])("keeps no page waiting for %s", async (_, ask, seconds) => {
    await loadWords("en", "en-GB");
    vi.useFakeTimers();
    silent();
    const answer = ask().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    const error = (await answer) as HubError;
    expect([error instanceof HubError, error.status, error.message]).toEqual([true, 0, say("app.no_answer")]);
    expect(vi.getTimerCount()).toBe(0);
  });
  it("is no failure where the page has left", async () => {
    silent();
    const page = new AbortController();
    const answer = get("/api/hub", {}, page.signal).catch((error: unknown) => error);
    page.abort();
    expect(await answer).not.toBeInstanceOf(HubError);
  });
});
