/** Valid device ids. Pure. */
import { say } from "../words";

const ID = /^[a-z0-9_]+$/;

/** The problem with an id for a new device; "" if there is none. The hub checks it again. */
export function idProblem(id: string, taken: readonly string[]): string {
  if (!id) return say("device.id_missing");
  if (!ID.test(id)) return say("device.id_rule");
  return taken.includes(id) ? say("device.id_taken", { id }) : "";
}
