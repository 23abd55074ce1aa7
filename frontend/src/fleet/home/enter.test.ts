import { afterEach, expect, it, vi } from "vitest";

import type { FleetHome } from "../shapes";
import { STREAM } from "../live";
import { enterHome, isLooked, isSilent, leaveHome, showHome, SILENCE_MS } from "./enter";

const HOME = {
  row: { id: "north", name: "North", state: "ok", seen: null, version: "1", power_W: null },
  role: "viewer",
  timezone: "UTC",
  let_out: { questions: true, control: true },
  devices: [],
} as unknown as FleetHome;
const sends = () => STREAM.take(JSON.stringify({ at: 0, look: "north", live: { changes: { at: 0 } } }));

afterEach(() => {
  leaveHome("north");
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("says when the home that is looked at sends no values any more, and when it does again", () => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("WebSocket", { OPEN: 1 });
  enterHome("north");
  showHome(HOME);
  vi.advanceTimersByTime(2 * SILENCE_MS);
  expect([isLooked.value, isSilent.value]).toEqual([false, false]);
  sends();
  vi.advanceTimersByTime(SILENCE_MS - 1);
  sends();
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect([isLooked.value, isSilent.value]).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect(isSilent.value).toBe(true);
  sends();
  expect(isSilent.value).toBe(false);
});
