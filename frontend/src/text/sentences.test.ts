import ts from "typescript";
import { describe, expect, it } from "vitest";

import english from "../../../src/unclouded/web/words/en.json";

const SOURCES = import.meta.glob<string>(
  ["../**/*.ts", "../**/*.tsx", "!../**/*.test.ts", "!../api.ts", "!../**/testing.ts"],
  { query: "?raw", import: "default", eager: true },
);
// attributes that people read or a screen reader speaks
const SPOKEN = new Set(["title", "aria-label", "aria-description", "placeholder", "alt", "label"]);
// the same in each language
const COMMANDS = new Set(["my_plug", "meross mem", "/api/openapi.json", "unclouded web password"]);
const WORD = /\p{L}{2,}/u;
const SENTENCE = /^\P{L}*\p{Lu}\p{Ll}+(?: \p{L}+)+|\p{L}+ \p{L}+[.?!]$/u;
const UNITS = /^[\s\d·.,:;/()|~–−+×%°→-]*(?:W|kW|V|A|Hz|Wh|kWh|ms|min|px|kB|MB|dBm|hex)?[\s\d·.,:;/()|~–−+×%°→-]*$/;

type Text = { where: string; text: string; shown: boolean };

/** All literal texts of a source: `shown` are those that stand where people read them. */
function textsOf(path: string, source: string): Text[] {
  const file = ts.createSourceFile(
    path,
    source,
    ts.ScriptTarget.Latest,
    true,
    path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const found: Text[] = [];
  const visit = (node: ts.Node): void => {
    const where = `${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isJsxText(node)) found.push({ where, text: node.text, shown: true });
    else if (ts.isStringLiteralLike(node)) found.push({ where, text: node.text, shown: isShown(node) });
    else if (ts.isTemplateExpression(node))
      for (const part of [node.head, ...node.templateSpans.map((span) => span.literal)])
        found.push({ where, text: part.text, shown: isShown(node) });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/**
 * Whether a literal is what an element contains, or an attribute that is read; through `a ? b : c`, `a && b` and `a ||
 * b`.
 */
function isShown(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isJsxAttribute(parent)) return SPOKEN.has(parent.name.getText());
  if (ts.isJsxExpression(parent))
    return ts.isJsxAttribute(parent.parent) ? SPOKEN.has(parent.parent.name.getText()) : true;
  if (ts.isConditionalExpression(parent)) return parent.condition !== node && isShown(parent);
  return (
    (ts.isBinaryExpression(parent) &&
      parent.right === node &&
      !/=/.test(parent.operatorToken.getText()) &&
      isShown(parent)) ||
    (ts.isParenthesizedExpression(parent) && isShown(parent))
  );
}

const TEXTS = Object.entries(SOURCES).flatMap(([path, source]) => textsOf(path, source));
const without = (found: Text[]) => found.map(({ where, text }) => `${where} ${text.trim()}`);

describe("the sources of the page", () => {
  it("show no words that are not in the tables", () => {
    expect(
      without(TEXTS.filter(({ text, shown }) => shown && WORD.test(text) && !UNITS.test(text) && !COMMANDS.has(text))),
    ).toEqual([]);
  });

  it("contain no sentences", () => {
    expect(without(TEXTS.filter(({ text }) => SENTENCE.test(text)))).toEqual([]);
  });

  it("use every sentence of the tables", () => {
    const literals = new Set(TEXTS.map(({ text }) => text));
    const composed = TEXTS.map(({ text }) => text).filter(
      (text) => /^[a-z]+\.[\w.]*$/.test(text) && !Object.hasOwn(english, text),
    ); // `app.state_${state}`
    const isUsed = (id: string) =>
      literals.has(id) ||
      (id.endsWith("s") && literals.has(id.slice(0, -1))) ||
      composed.some((start) => id.startsWith(start));
    expect(Object.keys(english).filter((id) => !id.startsWith("api.") && !isUsed(id))).toEqual([]);
  });

  it("are found out", () => {
    const source =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
      'const a = <p title="Two words">Hello there {open ? "yes" : say("app.on")} {`${n} times`}</p>; const b = "Not a key";';
    expect(
      textsOf("a.tsx", source)
        .filter(({ text, shown }) => shown && WORD.test(text))
        .map(({ text }) => text.trim()),
    ).toEqual(["Two words", "Hello there", "yes", "times"]);
    expect(SENTENCE.test("Not a key")).toBe(true);
    expect(["arrow left", "GET", "Content-Type", "0 0 32 32", "app.on"].filter((text) => SENTENCE.test(text))).toEqual(
      [],
    );
  });
});
