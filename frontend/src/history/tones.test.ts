// @ts-expect-error: tests run under Node, whose types are not installed
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { keptOnLight, toned } from "./tones";

const css = String(readFileSync(new URL("../style.css", import.meta.url)));

type Colour = [number, number, number];

/** What style.css gives a name, on light and on dark. */
function token(name: string): [Colour, Colour] {
  const value = new RegExp(`${name}: (.*?);`).exec(css)?.[1] ?? "";
  const [light, dark] = value.match(/#[0-9a-f]{6}/g) ?? [];
  return [rgb(light!), rgb(dark ?? light!)];
}

function rgb(hex: string): Colour {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Colour;
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as Colour;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const NAMES = [...Array.from({ length: 8 }, (_, index) => `--use-${index}`), "--grid-power", "--solar", "--export", "--rest"];

describe("lines and bars", () => {
  const [surface, ink] = [token("--surface"), token("--ink")];

  it.each(NAMES)("in %s are seen on light and on dark", (name) => {
    const [light, dark] = token(name);
    const kept = (keptOnLight[`var(${name})`] ?? 100) / 100;
    const drawn = light.map((part, index) => part * kept + ink[0][index]! * (1 - kept)) as Colour;
    expect(contrast(drawn, surface[0])).toBeGreaterThanOrEqual(3);
    expect(contrast(dark, surface[1])).toBeGreaterThanOrEqual(3);
  });

  it("keep their colour if its contrast is sufficient", () => {
    expect(toned("var(--use-1)")).toBe("var(--use-1)");
    expect(toned("var(--use-3)")).toContain("light-dark(color-mix(in srgb, var(--use-3) 55%");
  });
});
