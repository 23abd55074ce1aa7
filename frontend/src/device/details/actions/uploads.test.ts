import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { UpdateFile } from "../../../data/shapes";
import { headerRows, reportRows } from "./firmware";
import { fileProblem, kept, LARGEST_FILE, uploaded, uploadName } from "./uploads";

function updateFile(more: Partial<UpdateFile> = {}, firmware: Partial<UpdateFile["firmware"]> = {}): UpdateFile {
  const known = {
    text: "Of unknown kind.",
    kind: "unknown",
    target: "",
    hardware: [],
    model: "",
    region: "",
    named_hardware: 0,
    build: "",
    faults: [],
    fields: {},
  };
  return {
    name: "pump.bin",
    size: 12_000,
    md5: "1f0c77ab",
    at: "",
    firmware: { ...known, ...firmware },
    refused: "",
    ...more,
  };
}

afterEach(() => vi.unstubAllGlobals());

describe("a chosen file", () => {
  it("is uploaded for its device under a name that the hub accepts", async () => {
    const ask = vi.fn(async (_path: string, _init: RequestInit) => Response.json(updateFile()));
    vi.stubGlobal("fetch", ask);
    const file = new File(["abc"], "pump 1.bin");
    expect(await uploaded("pump", file)).toMatchObject({
      state: "ready",
      title: "pump 1.bin",
      size: 3,
      file: { name: "pump.bin" },
    });
    expect(ask.mock.calls[0]?.[0]).toBe("/api/updates/pump_1.bin?beside=true&device=pump");
    expect(ask.mock.calls[0]?.[1].body).toBe(file);
  });

  it("has the reason where the hub refuses it, and is not sent where it is too long", async () => {
    const ask = vi.fn(async () => new Response(JSON.stringify({ detail: "The disk is full." }), { status: 503 }));
    vi.stubGlobal("fetch", ask);
    expect(await uploaded("pump", new File(["abc"], "a"))).toMatchObject({
      state: "failed",
      problem: "The disk is full.",
    });
    const long = { name: "a", size: LARGEST_FILE + 1 } as File;
    expect(await uploaded("pump", long)).toMatchObject({
      state: "failed",
      problem: "The file is too long; the limit is 16 MiB.",
    });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it("stops an action until it is there and nothing speaks against it", () => {
    const problem = (file?: UpdateFile, force = false) =>
      fileProblem(["file"], file ? { file: kept(file) } : {}, force);
    expect(problem()).toBe("Choose a file first.");
    expect(problem(updateFile())).toBe("");
    expect(fileProblem(["file"], { file: { state: "uploading", title: "a", size: 1 } }, false)).toContain(
      "being uploaded",
    );
    expect(fileProblem([], {}, false)).toBe("");
    const foreign = updateFile({ refused: "It is for a plug." });
    expect([problem(foreign), problem(foreign, true)]).toEqual(["It is for a plug.", ""]);
    const damaged = updateFile({ refused: "It is damaged." }, { faults: ["cut off"] });
    expect([problem(damaged), problem(damaged, true)]).toEqual(["It is damaged.", "It is damaged."]);
  });
});

describe("the report of a file", () => {
  it("shows what is known of it", () => {
    const file = updateFile(
      {},
      {
        kind: "MediaTek FOTA package",
        target: "a Meross plug of hardware 2",
        model: "mss310",
        region: "us",
        named_hardware: 2,
        build: "rc0107",
        fields: { image_count: 1 },
      },
    );
    expect(reportRows(file).map((row) => row.value)).toEqual([
      "MediaTek FOTA package",
      "a Meross plug of hardware 2",
      "mss310",
      "us",
      "2",
      "rc0107",
      "12 kB",
      "1f0c77ab",
    ]);
    expect(headerRows(file)).toEqual([{ name: "Image count", value: "1" }]);
  });

  it("says so where nothing is known", () => {
    expect(reportRows(updateFile()).map((row) => row.value)).toEqual(["of unknown kind", "12 kB", "1f0c77ab"]);
  });
});

describe("the name of a file", () => {
  it("is one that the hub accepts", () => {
    fc.assert(fc.property(fc.string(), (name) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(uploadName(name))));
    expect(uploadName("pump 1.0.2 (neu).bin")).toBe("pump_1.0.2__neu_.bin");
    expect(uploadName("..hidden")).toBe("hidden");
  });
});
