import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { device } from "../devices/testing";
import { COLOURS, deviceMark } from "./palette";

const css = String(readFileSync(new URL("../style.css", import.meta.url)));

type Colour = readonly [number, number, number];
type Matrix = readonly [Colour, Colour, Colour];
type Theme = "light" | "dark";

/** Colour blindness of full severity, for linear light: Machado, Oliveira and Fernandes 2009. */
const SIGHTS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const XYZ: Matrix = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE: Colour = [0.95047, 1, 1.08883];

function times(matrix: Matrix, [a, b, c]: Colour): Colour {
  return matrix.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Colour;
}

/** The linear light of a token of style.css. */
function light(name: string, theme: Theme): Colour {
  const value = new RegExp(`${name}: (.*?);`).exec(css)?.[1] ?? "";
  const hex = value.match(/#[0-9a-f]{6}/g)?.[theme === "light" ? 0 : 1] ?? "";
  const part = (at: number) => parseInt(hex.slice(at, at + 2), 16) / 255;
  return [part(1), part(3), part(5)].map((one) =>
    one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4,
  ) as unknown as Colour;
}

/** CIE Lab under D65. */
function lab(linear: Colour): Colour {
  const [x, y, z] = times(XYZ, linear).map((one, index) => {
    const t = one / WHITE[index]!;
    return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
  }) as unknown as Colour;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function luminance(linear: Colour): number {
  return times(XYZ, linear)[1];
}

function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const rad = (degrees: number) => (degrees * Math.PI) / 180;
const hue = (a: number, b: number) => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;

/** The distance CIEDE2000 of two colours in Lab. */
function distance([L1, a1, b1]: Colour, [L2, a2, b2]: Colour): number {
  const meanC = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const stretch = 1.5 - 0.5 * Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7));
  const [A1, A2] = [a1 * stretch, a2 * stretch];
  const [C1, C2, h1, h2] = [Math.hypot(A1, b1), Math.hypot(A2, b2), hue(A1, b1), hue(A2, b2)];
  const turn = h2 - h1 > 180 ? h2 - h1 - 360 : h2 - h1 < -180 ? h2 - h1 + 360 : h2 - h1;
  const [dL, dC, dH] = [L2 - L1, C2 - C1, 2 * Math.sqrt(C1 * C2) * Math.sin(rad(turn / 2))];
  const [L, C, h] = [(L1 + L2) / 2, (C1 + C2) / 2, (h1 + turn / 2 + 360) % 360];
  const T =
    1 -
    0.17 * Math.cos(rad(h - 30)) +
    0.24 * Math.cos(rad(2 * h)) +
    0.32 * Math.cos(rad(3 * h + 6)) -
    0.2 * Math.cos(rad(4 * h - 63));
  const rotation = -Math.sin(rad(60 * Math.exp(-(((h - 275) / 25) ** 2)))) * 2 * Math.sqrt(C ** 7 / (C ** 7 + 25 ** 7));
  const [l, c, H] = [
    dL / (1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2)),
    dC / (1 + 0.045 * C),
    dH / (1 + 0.015 * C * T),
  ];
  return Math.sqrt(l * l + c * c + H * H + rotation * c * H);
}

const USES = Array.from({ length: COLOURS }, (_, index) => `--use-${index}`);
const RESERVED = ["--from-grid", "--solar", "--export", "--rest"];
const THEMES: readonly Theme[] = ["light", "dark"];

/** How far apart two tokens are for that sight. */
function apart(one: string, other: string, theme: Theme, sight: Matrix): number {
  const seen = (name: string) =>
    lab(times(sight, light(name, theme)).map((part) => Math.min(Math.max(part, 0), 1)) as unknown as Colour);
  return distance(seen(one), seen(other));
}

function pairs(names: readonly string[]): [string, string][] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other): [string, string] => [one, other]));
}

describe("the colours of devices", () => {
  it("are those that the hub gave out, and meters, producers and the rest have theirs", () => {
    const meters = new Set(["meter"]);
    const marks = [...USES.keys()].map((colour) => deviceMark(device("plug", { colour }), meters));
    expect(marks).toEqual(USES.map((name) => `var(${name})`));
    expect(deviceMark(device("eleventh"), meters)).toBe("var(--rest)");
    expect(deviceMark(device("meter", { colour: 1 }), meters)).toBe("var(--from-grid)");
    expect(deviceMark(device("roof", { produces: true }), meters)).toBe("var(--solar)");
  });

  it.each(THEMES)("are seen on paper and surface, %s", (theme) => {
    for (const name of [...USES, ...RESERVED])
      for (const ground of ["--paper", "--surface"])
        expect(contrast(light(name, theme), light(ground, theme)), name).toBeGreaterThanOrEqual(3);
  });

  it.each(THEMES.flatMap((theme) => Object.keys(SIGHTS).map((sight) => [theme, sight] as const)))(
    "differ most between neighbours, %s, %s",
    (theme, sight) => {
      const seen = (one: string, other: string) => apart(one, other, theme, SIGHTS[sight]!);
      const neighbours = USES.map((name, index) => seen(name, USES[(index + 1) % COLOURS]!));
      expect(Math.min(...neighbours)).toBeGreaterThan(20);
      expect(Math.min(...pairs(USES).map(([one, other]) => seen(one, other)))).toBeGreaterThan(
        sight === "normal" ? 16 : 8.5,
      );
      expect(Math.min(...pairs(RESERVED).map(([one, other]) => seen(one, other)))).toBeGreaterThan(11);
    },
  );

  it.each(THEMES)("are far from those of the grid, of production and of faults, %s", (theme) => {
    for (const name of USES)
      for (const other of [...RESERVED, "--fault"])
        expect(apart(name, other, theme, SIGHTS.normal!), `${name} ${other}`).toBeGreaterThan(13);
  });
});

describe("the distance of two colours", () => {
  it("is CIEDE2000: pairs of Sharma, Wu and Dalal 2005", () => {
    expect(distance([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
    expect(distance([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619])).toBeCloseTo(2.0373, 4);
    expect(distance([50, 2.5, 0], [73, 25, -18])).toBeCloseTo(27.1492, 4);
  });
});
