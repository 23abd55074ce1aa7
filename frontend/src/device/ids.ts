/** What a device may be called. Pure. */
import { say } from "../words";

const ID = /^[a-z0-9_]+$/;

/** What is wrong with an id for a new device; "" where nothing is. The hub has the last word. */
export function idProblem(id: string, taken: readonly string[]): string {
  if (!id) return say("device.id_missing");
  if (!ID.test(id)) return say("device.id_rule");
  return taken.includes(id) ? say("device.id_taken", { id }) : "";
}
