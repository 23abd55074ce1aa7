/** Which devices another one may count inside: all of the configuration but itself and what counts inside it. Pure. */
import type { Configured } from "./configuration";

export function parentsFor(device: string, all: readonly Pick<Configured, "id" | "keys">[]): readonly string[] {
  const parent = new Map(all.map(({ id, keys }) => [id, keys.parent]));
  const isInside = (id: string): boolean => {
    const seen = new Set<unknown>();
    for (let one: unknown = id; typeof one === "string" && !seen.has(one); one = parent.get(one)) {
      if (one === device) return true;
      seen.add(one);
    }
    return false;
  };
  return all.map(({ id }) => id).filter((id) => !isInside(id));
}
