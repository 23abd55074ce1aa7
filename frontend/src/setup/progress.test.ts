import { describe, expect, it } from "vitest";

import type { SetupStep } from "../data/shapes";
import { factsOf, linesOf, partOf, passwordProblem } from "./progress";

const step = (name: SetupStep["step"], state: SetupStep["state"], text: string): SetupStep => ({
  step: name,
  state,
  text,
  plug: {},
  networks: [],
  device: "",
});

describe("the lines of a set-up", () => {
  it("show what a step does while it runs, and its result afterwards", () => {
    const running = [
      step("send", "started", "Sending."),
      step("send", "progress", "sets its clock"),
      step("send", "progress", "sets its key"),
    ];
    expect(linesOf(running)).toEqual([
      { step: "send", state: "running", text: "Sending.", details: ["sets its clock", "sets its key"], hint: "" },
    ]);
    expect(linesOf([...running, step("send", "done", "Sent.")])).toEqual([
      { step: "send", state: "done", text: "Sent.", details: [], hint: "" },
    ]);
  });

  it("say what a person has to do while a step waits, and forget it afterwards", () => {
    const waiting = [step("find", "started", "Looking."), step("find", "waiting", "Hold its button.")];
    expect(linesOf(waiting)[0]).toMatchObject({ state: "running", text: "Looking.", hint: "Hold its button." });
    expect(linesOf([...waiting, step("find", "done", "Found.")])[0]?.hint).toBe("");
  });

  it("keep what a failed step was about: the reason stands apart", () => {
    expect(linesOf([step("wait", "started", "Waiting."), step("wait", "failed", "Wrong password.")])).toEqual([
      { step: "wait", state: "failed", text: "Waiting.", details: [], hint: "" },
    ]);
  });

  it("keep the order in which the steps began", () => {
    const steps = [step("find", "done", "a"), step("scan", "started", "b"), step("find", "done", "c")];
    expect(linesOf(steps).map((one) => one.step)).toEqual(["find", "scan"]);
  });
});

describe("the part of the wizard", () => {
  it.each([
    ["idle", [], "find"],
    ["finding", [step("find", "started", "")], "find"],
    ["choosing", [step("find", "done", ""), step("scan", "done", "")], "choose"],
    ["joining", [], "connect"],
    ["done", [], "connect"],
    ["failed", [step("scan", "failed", "")], "find"],
    ["failed", [step("wait", "failed", "")], "connect"],
  ] as const)("of a set-up that is %s", (phase, steps, part) => {
    expect(partOf({ phase, steps: [...steps] })).toBe(part);
  });
});

describe("a password", () => {
  it.each([
    ["12345", "WPA2", false],
    ["12345678", "WPA2", true],
    ["x".repeat(63), "WPA/WPA2", true],
    ["x".repeat(64), "WPA2", false],
    ["0123456789abcdefABCDEF".padEnd(64, "0"), "WPA2", true],
    ["ü".repeat(4), "WPA2", true],
    ["12345", "WEP", true],
    ["", "open", true],
  ])("%s in a network with %s: %s", (password, encryption, fits) => {
    expect(passwordProblem(password, encryption) === "").toBe(fits);
  });
});

it("shows what is known of a plug in the same order, without what is not", () => {
  expect(factsOf({ uuid: "1901", product: "mss310", version: "" })).toEqual([
    ["product", "mss310"],
    ["uuid", "1901"],
  ]);
});
