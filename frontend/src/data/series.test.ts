import { afterEach, expect, it, vi } from "vitest";

import openapi from "../../../docs/openapi.json";
import { historiesOf, MOST_SERIES } from "./series";

afterEach(() => vi.unstubAllGlobals());

it("a request has as many series as the hub allows", () => {
  const series = openapi.paths["/api/history"].get.parameters.find((one) => one.name === "series");
  expect((series?.schema as { maxItems: number } | undefined)?.maxItems).toBe(MOST_SERIES);
});

it("60 series are asked for in parts, each once", async () => {
  const asked: string[][] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(new URL(path, "http://hub").searchParams.getAll("series"));
    return new Response('{"series": []}');
  });
  const all = Array.from({ length: 60 }, (_, index) => `plug${index}.power_W`);
  let answers = 0;
  for await (const _ of historiesOf(all, { start: 0, end: 600, points: 600 })) answers += 1;
  expect([answers, asked.flat(), asked.every((one) => one.length <= MOST_SERIES)]).toEqual([3, all, true]);
});
