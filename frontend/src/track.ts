/**
 * The last minutes of one number: what came, when; between two values the first one holds. Pure.
 *
 *     null = from here on nothing is known (the device fell silent), until the next value
 */
export const KEEP = 660; // s: the ten minutes that are shown, and a little
const MOST = 4_000; // values; faster ones than this allows lose the oldest

export class Track {
  private readonly at: number[] = [];
  private readonly values: (number | null)[] = [];

  /** Take in a value; what is older than the newest is put where it belongs. */
  add(at: number, value: number | null): void {
    const place = this.place(at);
    if (this.at[place] === at) this.values[place] = value;
    else {
      this.at.splice(place + 1, 0, at);
      this.values.splice(place + 1, 0, value);
    }
    this.forget();
  }

  /** The value that held at a time; null where none did. */
  value(at: number): number | null {
    return this.values[this.place(at)] ?? null;
  }

  /** When the value that held at a time was measured; undefined where none did. */
  knownSince(at: number): number | undefined {
    const place = this.place(at);
    return (this.values[place] ?? null) === null ? undefined : this.at[place];
  }

  /** The value measured closest to a time: one that came up to `reach` seconds later counts where it is nearer. */
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

  /** `count` values each `step` seconds, the last one at `end`. */
  evenly(end: number, step: number, count: number): (number | null)[] {
    return Array.from({ length: count }, (_, index) => this.value(end - (count - 1 - index) * step));
  }

  /** The index of the newest value at or before a time; -1 where there is none. */
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
