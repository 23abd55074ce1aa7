import "../text/testing";
import { describe, expect, it } from "vitest";
import { changedKeys, isAbout, type Field } from "./tables";
import { draftOf, parse, problemOf, titleOf } from "./values";

const field = (key: string, kind: Field["kind"], more: Partial<Field> = {}): Field => ({
  key,
  kind,
  default: null,
  required: false,
  options: [],
  minimum: null,
  maximum: null,
  whole: false,
  is_local: false,
  at_start: false,
  name: "",
  help: "",
  option_names: [],
  ...more,
});

describe("a value of the configuration", () => {
  it.each([
    ["flag", "true", true],
    ["flag", "", false],
    ["number", " 1,5 ", 1.5],
    ["number", "", null],
    ["text", "  a b ", "a b"],
    ["text", " ", null],
    ["choice", "", null],
    ["list", "a, b,,c ", ["a", "b", "c"]],
    ["list", "", []],
  ] as const)("of kind %s that is typed as '%s' is sent as %j", (kind, typed, sent) => {
    expect(parse(field("x", kind), typed)).toEqual(sent);
  });

  it("is shown as text, a secret never", () => {
    expect([draftOf(true), draftOf(["a", "b"]), draftOf(undefined), draftOf("…"), draftOf({ temp: 21 })]).toEqual([
      "true",
      "a, b",
      "",
      "",
      '{"temp":21}',
    ]);
  });

  it("outside its limits is refused before it is sent", () => {
    const port = field("port", "number", { minimum: 0, maximum: 65_535, whole: true });
    expect(["80", "1.5", "x", "-1", "70000", ""].map((typed) => problemOf(port, typed))).toEqual([
      "",
      "Enter a number.",
      "Enter a number.",
      "At least 0.",
      "At most 65535.",
      "",
    ]);
    expect(problemOf(field("url", "text", { required: true }), " ")).toBe("This is needed.");
  });
});

describe("a change of a table", () => {
  it("has the keys that were typed only", () => {
    const fields = [field("url", "text"), field("open", "flag"), field("every", "number")];
    expect(changedKeys(fields, { open: "true", every: "" })).toEqual({ open: true, every: null });
  });

  it("is in conflict with the same key of the same table", () => {
    const other = (key: string, device = "") => ({ device, key, before: null, after: "x" });
    const mine = (key: string, device?: string) => isAbout(other(key, device), { table: "mqtt" }, { url: "a" });
    expect([mine("mqtt.url"), mine("mqtt"), mine("mqtt.port"), mine("hub.name"), mine("mqtt.url", "kettle")]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(isAbout(other("webhook"), { table: "webhook", item: "1" }, {})).toBe(true);
  });
});

it("an item is called by its name, by the computer of its address, or by its place", () => {
  expect(titleOf({ name: "Evening" }, "1", "Rule")).toBe("Evening");
  expect(titleOf({ url: "https://user:word@hook.example:8443/a?b" }, "1", "Webhook")).toBe(
    "Webhook: hook.example:8443",
  );
  expect(titleOf({ url: "…" }, "2", "Messages")).toBe("Messages 2");
});
