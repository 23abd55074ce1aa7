import { describe, expect, it } from "vitest";

import { columnsFrom, DAY_COLUMNS, DAY_STEP_S } from "./day";

const START = 1_800_000_000;
const at = (column: number, second = 0) => START + column * DAY_STEP_S + second;

describe("the columns of a day", () => {
  it("hold means; a value holds until the next one, and a gap until something is known", () => {
    const columns = columnsFrom(
      { at: [at(1), at(1, 60), at(4), at(6), at(96)], value: [0, 0, null, 5, 7], mean: [10, 20, null, 5, 7] },
      START,
    );
    expect(columns).toHaveLength(DAY_COLUMNS);
    expect(columns.slice(0, 8)).toEqual([null, 15, 20, 20, null, null, 5, 5]);
    expect(columns.at(-1)).toBe(7);
  });

  it("begin with the value from before, and ignore what is not a number", () => {
    expect(columnsFrom({ at: [at(-3), at(2)], value: [4, "on"], mean: null }, START).slice(0, 4)).toEqual([
      4,
      4,
      null,
      null,
    ]);
    expect(columnsFrom({ at: [], value: [], mean: null }, START)).toEqual(Array(DAY_COLUMNS).fill(null));
  });
});
