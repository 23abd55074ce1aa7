import { describe, expect, it } from "vitest";

import "../testing";
import { subjectText } from "./audit-text";

describe("a row of the audit", () => {
  it.each([
    ["home.join", "rdwae2", { name: "Station Road 1" }, "Station Road 1"],
    ["home.again", "rdwae2", { since: 1_796_040_000 }, "rdwae2, since: 12:00"],
    ["person.role", "3", { login: "anna", role: "owner" }, "anna, role: Owner"],
    [
      "command.give",
      "b0ff",
      { homes: 3, device: "pump", point: "", value: false },
      "homes: 3, device: pump, value: false",
    ],
    ["session.open", "1", { client: "Chrome, Linux" }, "with: Chrome, Linux"],
    ["home.new_kind", "rdwae2", { colour: ["red"] }, 'rdwae2, colour: ["red"]'],
  ])("%s says what it is about", (what, subject, detail, text) =>
    expect(subjectText({ what, subject, detail }, 1_796_041_000)).toBe(text),
  );
});
