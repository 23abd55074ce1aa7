import { describe, expect, it } from "vitest";

import { command, NOON } from "../testing";
import { commandText, fateText, isOpen, lookOf } from "./fate";
import { bodyOf, isComplete, NO_DRAFT, sorted, valueFrom } from "./form";

const ZONE = "UTC";

describe("what became of a command", () => {
  it.each([
    [{ state: "waiting" }, "waits to be sent", "open"],
    [{ state: "sent" }, "sent 11:03, no answer yet", "open"],
    [{ state: "accepted" }, "the hub has it, no outcome yet", "open"],
    [{ state: "confirmed", changed: "2026-11-30T11:04:00Z" }, "done 11:04", "done"],
    [{ state: "held" }, "the device is asleep, it is sent when it wakes up", "done"],
    [{ state: "refused", reason: "its button is locked" }, "refused: its button is locked", "bad"],
    [{ state: "refused" }, "the device refused it", "bad"],
    [{ state: "timeout" }, "the device did not respond in time", "bad"],
    [{ state: "unreachable" }, "the device cannot be reached", "bad"],
    [{ state: "expired" }, "arrived too late, it was valid until 12:03", "bad"],
    [{ state: "not_allowed" }, "the home does not allow control", "bad"],
    [{ state: "undelivered" }, "did not reach the hub before 12:03", "bad"],
  ] as const)("%o is said as: %s", (how, text, look) => {
    const one = command(how);
    expect([fateText(one, NOON, ZONE), lookOf(one), isOpen(one)]).toEqual([text, look, look === "open"]);
  });

  it("of yesterday has its date", () =>
    expect(fateText(command({ at: "2026-11-29T11:03:00Z" }), NOON, ZONE)).toBe("sent 29 Nov 11:03, no answer yet"));
});

it("a command is said by its device, its point and its value", () => {
  expect(commandText(command())).toBe("pump: off");
  expect(commandText(command({ point: "setpoint_C", value: 21.5 }))).toBe("pump, setpoint_C: 21.5");
});

describe("the form of a command", () => {
  it.each([
    [{ what: "on" }, true],
    [{ what: "off" }, false],
    [{ what: "other", value: " 21.5 " }, 21.5],
    [{ what: "other", value: "heat" }, "heat"],
    [{ what: "other", value: "false" }, false],
    [{ what: "other", value: "Infinity" }, "Infinity"],
    [{ what: "other", value: "" }, ""],
  ] as const)("%o sends %s", (how, value) => expect(valueFrom({ ...NO_DRAFT, ...how })).toBe(value));

  it("is complete with a device, and with a point and a value where another value is set", () => {
    expect(
      [
        {},
        { device: "pump" },
        { device: "pump", what: "other" },
        { device: "pump", what: "other", point: "mode", value: "heat" },
      ].map((how) => isComplete({ ...NO_DRAFT, ...how } as never)),
    ).toEqual([false, true, false, true]);
  });

  it("names one home, or a filter", () => {
    const draft = { ...NO_DRAFT, device: " pump " };
    expect(bodyOf(draft, { homes: ["h1"] }, true)).toEqual({
      device: "pump",
      point: "",
      value: false,
      until_s: 600,
      dry_run: true,
      homes: ["h1"],
    });
    expect(bodyOf(draft, { filter: { org: null, state: "", flag: "", version: "", q: "" } }, false)).toHaveProperty(
      "filter.org",
      null,
    );
  });

  it("says which homes get it, and what is known against it", () => {
    const target = (home: string, problem = "", can = !problem) => ({ home, name: home.toUpperCase(), problem, can });
    expect(
      sorted({
        targets: [
          target("a"),
          target("b", "no control"),
          target("c", "no such device"),
          target("d", "no such device"),
          target("e", "it is away", true),
        ],
      }),
    ).toEqual({
      able: ["a", "e"],
      problems: [
        { reason: "no such device", homes: ["C", "D"] },
        { reason: "no control", homes: ["B"] },
        { reason: "it is away", homes: ["E"] },
      ],
    });
  });
});
