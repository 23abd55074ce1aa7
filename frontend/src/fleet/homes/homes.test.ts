import { describe, expect, it } from "vitest";

import { NOON, row } from "../testing";
import { addressOf, filterOf, flagsOf, offered, versionsOf } from "./filters";
import { changed, withPage } from "./rows";
import { stateText } from "./words";

describe("the state of a home in words", () => {
  it.each([
    [row("a"), "OK"],
    [row("a", { state: "attention", devices_offline: 3, alerts: ["offline"] }), "3 devices do not answer"],
    [row("a", { state: "attention", alerts: ["battery", "disk"] }), "The disk of its hub is almost full; and 1 more"],
    [
      row("a", { state: "attention", devices_offline: 1, alerts: ["offline", "fault", "above"] }),
      "A device reports a fault; and 2 more",
    ],
    [row("a", { state: "attention", alerts: ["flood"] }), "flood"],
    [row("a", { state: "attention" }), "Need attention"],
    [
      row("a", { state: "offline", seen: "2026-11-30T11:34:00Z", behind: 5 }),
      "No contact for 26\u202fmin; 5 windows wait at the hub",
    ],
    [row("a", { state: "offline", seen: "2026-11-30T09:00:00Z" }), "No contact for 3\u202fh"],
    [row("a", { state: "behind", behind: 22 }), "Sends what it has stored, 22 windows left"],
    [row("a", { state: "behind", behind: 1 }), "Sends what it has stored, 1 window left"],
    [row("a", { state: "new", seen: null }), "Has not sent anything yet"],
    [row("a", { state: "revoked" }), "Revoked: nothing is accepted from it any more"],
  ])("%# is %s", (home, text) => expect(stateText(home, NOON)).toBe(text));
});

describe("what the list shows", () => {
  it("is its address, and read from it", () => {
    const filter = { org: 3, state: "offline", flag: "alert.disk", version: "0.9.2", q: "Calle Mayor" } as const;
    expect(addressOf(filter)).toBe("/?org=3&state=offline&flag=alert.disk&version=0.9.2&q=Calle+Mayor");
    expect(filterOf(new URLSearchParams(addressOf(filter).slice(2)))).toEqual(filter);
  });

  it("is everything for an address that names nothing known", () => {
    const filter = filterOf(new URLSearchParams("org=x&state=gone"));
    expect(filter).toEqual({ org: null, state: "", flag: "", version: "", q: "" });
    expect(addressOf(filter)).toBe("/");
  });

  it("can be the usual states, and others that some home has or that are chosen", () => {
    expect(offered({ states: {} }, "")).toEqual(["attention", "offline", "behind", "well"]);
    expect(offered({ states: { new: 2 } }, "revoked")).toEqual([
      "attention",
      "offline",
      "behind",
      "well",
      "new",
      "revoked",
    ]);
  });

  it("can be filtered by alerts and levels that there are, and the one that is chosen", () => {
    const flags = { "level.energy": 9, "level.quarter": 9, "alert.disk": 1, "alert.offline": 3 };
    expect(flagsOf({ flags }, "alert", "alert.flood")).toEqual([
      ["alert.offline", 3],
      ["alert.disk", 1],
      ["alert.flood", 0],
    ]);
    expect(flagsOf({ flags }, "level", "alert.disk").map(([one]) => one)).toEqual(["level.energy", "level.quarter"]);
  });

  it("has the newest versions first", () =>
    expect(versionsOf({ versions: { "0.9.2": 5, "0.10.0": 1, "": 2, "0.8.7": 3 } })).toEqual([
      "0.10.0",
      "0.9.2",
      "0.8.7",
    ]));
});

describe("the rows", () => {
  const two = { rows: [row("a"), row("b")], next: "x" };

  it("of a further page follow; a home that moved is there once", () => {
    const { rows, next } = withPage(two, [row("b"), row("c")], null);
    expect([rows.map((one) => one.id), next]).toEqual([["a", "b", "c"], null]);
  });

  it("keep their places when their homes change, and go with them", () => {
    const after = changed(two, { homes: [row("b", { state: "attention" }), row("z")], gone: ["a"] });
    expect(after.rows.map((one) => [one.id, one.state])).toEqual([["b", "attention"]]);
    expect(changed(two, { homes: [row("z")] })).toBe(two);
  });
});
