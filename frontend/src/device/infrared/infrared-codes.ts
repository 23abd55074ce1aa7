/** The infrared codes that a gateway keeps: their names, and one of them as text. */
import { HubError, postForLines } from "../../data/http";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import type { RunLine } from "../actions/runs";

/** The actions that have a section of their own. */
export const INFRARED_ACTIONS: readonly string[] = [
  "learn_ir",
  "send_ir",
  "import_ir",
  "export_ir",
  "rename_ir",
  "delete_ir",
];

/** The forms of a code as text, as the hub names them. */
export const CODE_FORMS = ["raw", "pronto", "irremote", "ir-ctl"] as const;

export const LEARN_S = 30; // within which a button must be pressed
export const LONGEST_NAME = 60;

/** The names of its codes, in the order of the alphabet. */
export function codesOf(device: Device): readonly string[] {
  const names = (device.info.infrared_codes ?? "").split(",").map((name) => name.trim());
  return names
    .filter(Boolean)
    .sort((one, other) => one.localeCompare(other, undefined, { numeric: true, sensitivity: "base" }));
}

/** What is wrong with a new name, "" = nothing. `before`: the name that the code has now. */
export function nameProblem(name: string, codes: readonly string[], before = ""): string {
  const plain = name.trim();
  if (!plain) return say("infrared.name_missing");
  if (plain.includes(",")) return say("infrared.name_comma");
  if (plain.length > LONGEST_NAME) return say("infrared.name_long", { most: LONGEST_NAME });
  return plain !== before && codes.includes(plain) ? say("infrared.name_taken", { name: plain }) : "";
}

/** The seconds left for pressing a button, at `now`; whole ones, rounded up. */
export function learningLeft(startedAt: number, now: number): number {
  return Math.max(0, Math.min(LEARN_S, Math.ceil(startedAt + LEARN_S - now)));
}

export type ExportedCode = { text: string; problem: string };

/** A code as text, or why there is none. Never throws. */
export async function exported(device: string, name: string, form: string): Promise<ExportedCode> {
  try {
    const body = { action: "export_ir", args: { name, form }, confirmed: true, origin: "web" };
    for await (const line of postForLines<RunLine>(`/api/devices/${encodeURIComponent(device)}/do`, body)) {
      if (!("outcome" in line)) continue;
      return line.outcome === "confirmed"
        ? { text: line.reason, problem: "" }
        : { text: "", problem: line.reason || say(`app.${line.outcome}`) };
    }
    return { text: "", problem: say("device.action_interrupted") };
  } catch (error) {
    return { text: "", problem: error instanceof HubError ? error.message : say("device.action_interrupted") };
  }
}
