import { afterEach, describe, expect, it, vi } from "vitest";

import { device } from "../devices/testing";
import { attemptOf, helpOf, reconnect } from "./reconnects";

const gateway = device("hub", {
  name: "Gateway",
  link: "tcp://10.0.0.2:7000",
  actions: [{ name: "permit", words: "", args: {}, danger: "", files: [] }],
});

describe("what brings a device back", () => {
  it("is said where the hub cannot connect by itself", () => {
    expect(helpOf(device("heater", { link: "tcp://10.0.0.3:7000" }), undefined)).toBe("");
    expect(helpOf(device("plug", { link: "broker:" }), undefined)).toContain("connects by itself");
    expect(helpOf(device("plug", { link: "broker: http://10.0.0.7" }), undefined)).toBe("");
    expect(helpOf(device("trv", { link: gateway.link }), gateway)).toContain("through Gateway");
  });
  it("is another attempt where its gateway is gone too", () => {
    expect(helpOf(device("trv", { link: gateway.link }), { ...gateway, state: "offline" })).toBe("");
  });
  it("does not depend on a device that it only counts inside", () => {
    expect(
      helpOf(device("plug", { link: "tcp://10.0.0.4:7000" }), device("meter", { link: "serial:///dev/ttyUSB0" })),
    ).toBe("");
  });
});

describe("an attempt", () => {
  afterEach(() => vi.unstubAllGlobals());
  const answer = (body: object, status = 200) =>
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response(JSON.stringify(body), { status })),
    );

  it("is made once, however often it is asked for, and says what to do where it fails", async () => {
    answer({ device: "tv", outcome: "timeout", reason: "", ms: 0 });
    const first = reconnect("tv");
    expect(attemptOf("tv").value.isBusy).toBe(true);
    await reconnect("tv");
    await first;
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(attemptOf("tv").value).toEqual({
      isBusy: false,
      failed: "Still no answer. Check that it has power and that it is in your network.",
    });
  });
  it("that the hub cannot make has the reason of the hub", async () => {
    answer({ device: "trv", outcome: "unreachable", reason: "It sleeps.", ms: 0 });
    await reconnect("trv");
    expect(attemptOf("trv").value.failed).toBe("It sleeps.");
  });
  it("forgets why the one before it failed", async () => {
    answer({ device: "trv", outcome: "confirmed", reason: "", ms: 20 });
    await reconnect("trv");
    expect(attemptOf("trv").value).toEqual({ isBusy: false, failed: "" });
  });
});
