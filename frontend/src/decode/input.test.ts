import { expect, it } from "vitest";

import { bytesOf, chosenWith, FOUND, isLong, MOST_BYTES, queryOf, sizeText, tooLong } from "./input";

it("an input that is too long is refused with its size", () => {
  expect(tooLong(MOST_BYTES)).toBe("");
  expect(tooLong(MOST_BYTES + 1)).toContain("4.2 MB");
  expect(tooLong(12_400_000)).toContain("12 MB");
});

it("sizes have few digits", () => {
  expect([0, 999, 1000, 3_449, 45_000, 999_999, 4_194_304].map(sizeText)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "3.4 kB",
    "45 kB",
    "1000 kB",
    "4.2 MB",
  ]);
});

it("blank text is nothing to decode", async () => {
  expect(bytesOf(" \n", undefined)).toBeUndefined();
  expect(await bytesOf("55 aa", undefined)?.text()).toBe("55 aa");
  expect(await bytesOf("55 aa", { name: "log", bytes: new Blob(["file"]) })?.text()).toBe("file");
  expect([isLong("x".repeat(200_000)), isLong("x".repeat(200_001))]).toEqual([false, true]);
});

it("what is found is not asked for; another family has other dialects and profiles", () => {
  expect(queryOf({ ...FOUND, family: "emporia" })).toEqual({ family: "emporia" });
  const tuya = {
    ...FOUND,
    input: "hex",
    family: "tuya_wifi",
    dialect: "low_power",
    profile: "tuya/generic",
    sender: "device",
  };
  expect(chosenWith(tuya, { family: "emporia" })).toEqual({
    ...FOUND,
    input: "hex",
    family: "emporia",
    sender: "device",
  });
  expect(chosenWith(tuya, { profile: "" })).toEqual({ ...tuya, profile: "" });
});
