import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isSame } from "./configuration";
import { overtaken, rebased, typed, type Draft } from "./drafts";
import { parentsFor } from "./parents";
import { roomsOf } from "./rooms";
import { conflictText, outcomeText } from "./saving";

describe("a text that others may change meanwhile", () => {
  it("is a draft on top of what was set when typing began", () => {
    const draft = typed(undefined, "Kettle", "Tea");
    expect(draft).toEqual({ base: "Kettle", text: "Tea" });
    expect(overtaken(draft, "Kettle")).toBeUndefined();
    expect(overtaken(draft, "Pot")).toEqual({ was: "Kettle", now: "Pot" });
    expect(overtaken(draft, "Tea")).toBeUndefined(); // others set the same
    expect(overtaken(rebased(draft as Draft, "Pot"), "Pot")).toBeUndefined();
    expect(typed(draft, "Kettle", "Kettle")).toBeUndefined();
  });

  it("is never saved over what the person has not seen", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ typed: fc.boolean(), text: fc.constantFrom("a", "b", "c") })), (steps) => {
        let [set, draft, seen] = ["a", undefined as Draft | undefined, "a"];
        for (const step of steps) {
          if (step.typed) draft = typed(draft, set, step.text);
          else set = step.text;
          if (!draft) seen = set;
          else if (draft.base === set) seen = set;
          if (draft && !overtaken(draft, set) && draft.text !== set) expect(seen).toBe(set);
        }
      }),
    );
  });
});

describe("what others changed in the file", () => {
  const difference = (device: string, key: string, before: unknown = null, after: unknown = null) => ({
    device,
    key,
    before,
    after,
  });
  it("is the same only if it is this device and this key, or the device as a whole", () => {
    const changes = [
      difference("kettle", "name"),
      difference("kettle", "scale.power_W"),
      difference("kettle", "room"),
      difference("fridge", "name"),
      difference("", "hub.timezone"),
      difference("kettle", ""),
      difference("kettle", "id"),
    ];
    expect(changes.map((one) => isSame(one, "kettle", { name: "Tea", scale: { power_W: 2 } }))).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it("is said in words, and that nothing was saved", () => {
    expect(conflictText([difference("kettle", "name", "Kettle", "Pot")])).toBe(
      "Nothing was saved, since others changed it meanwhile: name was Kettle, is now Pot.",
    );
    expect(conflictText([difference("kettle", "critical", null, true), difference("kettle", "", {}, null)])).toContain(
      "asks before switching was nothing, is now yes; the device was removed",
    );
    expect(conflictText([])).toContain("try again");
    expect(outcomeText({ state: "refused", text: "No." })).toBe("No.");
  });
});

it("a device counts inside none that counts inside it", () => {
  const all = [
    ["meter", ""],
    ["plug", "meter"],
    ["lamp", "plug"],
    ["x", "y"],
    ["y", "x"],
  ].map(([id = "", parent]) => ({ id, keys: parent ? { parent } : {} }));
  expect(parentsFor("plug", all)).toEqual(["meter", "x", "y"]);
  expect(parentsFor("lamp", all)).toEqual(["meter", "plug", "x", "y"]);
  expect(parentsFor("x", all)).toEqual(["meter", "plug", "lamp"]);
});

it("rooms are listed once, in the order of the alphabet", () => {
  expect(roomsOf([{ room: "Room 10" }, { room: "" }, { room: "room 2" }, { room: "Room 10" }], "Attic")).toEqual([
    "Attic",
    "room 2",
    "Room 10",
  ]);
});
