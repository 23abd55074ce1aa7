import { describe, expect, it } from "vitest";
import { parse, printable } from "./printable";

describe("text from devices", () => {
  it("has a visible escape for each character that is not shown", () => {
    expect(printable("\x1b]0;t\x07 a\r\nb \u202egnp \x9b31m")).toBe("\\x1b]0;t\\x07 a\\x0d\\x0ab \\u202egnp \\x9b31m");
    expect(printable("Wärmepumpe · 温水 👨‍👩‍👧")).toBe("Wärmepumpe · 温水 👨‍👩‍👧");
  });

  it("is filtered wherever it stands in an answer of the hub", () => {
    const sent = { name: "a\u0007", list: ["b\n", 1, null, true], more: { words: "\u2066c", "": "d" } };
    const shown = { name: "a\\x07", list: ["b\\x0a", 1, null, true], more: { words: "\\u2066c", "": "d" } };
    expect(parse(JSON.stringify(sent))).toEqual(shown);
  });

  it("is unchanged where there is nothing to filter", () => {
    const sent = { at: 1.5, path: "C:\\temp", quote: '"', on: false };
    expect(parse(JSON.stringify(sent))).toEqual(sent);
    expect(() => parse("{no")).toThrow(SyntaxError);
  });
});
