/**
 * The recent values of one number with their times; a value holds until the next one. Pure.
 *
 *     null = unknown until the next value (contact to the device was lost)
 */
export const KEEP = 660; // s: the ten minutes shown, plus a margin
const MOST = 4_000; // values; the oldest are dropped

export class Track {
  private readonly at: number[] = [];
  private readonly values: (number | null)[] = [];

  /** Add a value; late values are inserted in order. */
  add(at: number, value: number | null): void {
    const place = this.place(at);
    if (this.at[place] === at) this.values[place] = value;
    else {
      this.at.splice(place + 1, 0, at);
      this.values.splice(place + 1, 0, value);
    }
    this.forget();
  }

  /** The value valid at a time; null if there is none. */
  value(at: number): number | null {
    return this.values[this.place(at)] ?? null;
  }

  /** When the value valid at a time was measured; undefined if there is none. */
  knownSince(at: number): number | undefined {
    const place = this.place(at);
    return (this.values[place] ?? null) === null ? undefined : this.at[place];
  }

  /** The value measured closest to a time; one measured up to `reach` seconds later is used if it is closer. */
  near(at: number, reach: number): number | null {
    const place = this.place(at);
    const before = this.at[place];
    const after = this.at[place + 1];
    if (after !== undefined && after - at <= reach && (before === undefined || after - at < at - before)) {
      const next = this.values[place + 1];
      if (next !== null && next !== undefined) return next;
    }
    return this.values[place] ?? null;
  }

  /** `count` values every `step` seconds, the last one at `end`. */
  evenly(end: number, step: number, count: number): (number | null)[] {
    return Array.from({ length: count }, (_, index) => this.value(end - (count - 1 - index) * step));
  }

  /** The index of the newest value at or before a time; -1 if there is none. */
  private place(at: number): number {
    let low = 0;
    let high = this.at.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.at[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  private forget(): void {
    const oldest = (this.at[this.at.length - 1] ?? 0) - KEEP;
    const drop = Math.max(this.place(oldest), this.at.length - MOST);
    if (drop > 0) {
      this.at.splice(0, drop);
      this.values.splice(0, drop);
    }
  }
}
