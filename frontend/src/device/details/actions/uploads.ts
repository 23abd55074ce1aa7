/**
 * Files for an action: uploaded when they are chosen, so that what they are is known before anything is sent to a
 * device.
 *
 *     PUT /api/updates/pump.bin?beside=true&device=pump
 *     ◄── {"name": "pump.bin", "firmware": {"text": "…", "faults": []}, "refused": "", …}
 */
import { address, HubError, put } from "../../../data/http";
import type { UpdateFile } from "../../../data/shapes";
import { say } from "../../../text/words";

export const LARGEST_FILE = 16 * 1024 * 1024; // bytes; limit of the hub

/** A file that was chosen. `title`: its name on this computer. */
export type Chosen =
  | { state: "uploading"; title: string; size: number }
  | { state: "ready"; title: string; size: number; file: UpdateFile }
  | { state: "failed"; title: string; size: number; problem: string };

/** Upload a file for an action of the device. Never throws. */
export async function uploaded(device: string, file: File): Promise<Chosen> {
  const mine = { title: file.name, size: file.size };
  if (file.size > LARGEST_FILE) return { ...mine, state: "failed", problem: say("device.file_too_long") };
  try {
    const place = address(`/api/updates/${uploadName(file.name)}`, { beside: "true", device });
    return { ...mine, state: "ready", file: await put<UpdateFile>(place, file) };
  } catch (error) {
    return { ...mine, state: "failed", problem: (error instanceof HubError && error.message) || String(error) };
  }
}

/** A file that the hub has. */
export function kept(file: UpdateFile): Chosen {
  return { state: "ready", title: file.name, size: file.size, file };
}

/** A file name that the hub accepts. */
export function uploadName(name: string): string {
  return (
    name
      .replace(/[^A-Za-z0-9._-]/g, "_")
      .replace(/^\.+/, "")
      .slice(-100)
      .replace(/^\.+/, "") || "file"
  );
}

/**
 * Why an action cannot run with these files yet, "" = it can. `force`: what is for something else is sent all the same.
 */
export function fileProblem(
  wanted: readonly string[],
  chosen: Readonly<Record<string, Chosen>>,
  force: boolean,
): string {
  for (const name of wanted) {
    const one = chosen[name];
    if (!one) return say("device.file_missing");
    if (one.state === "uploading") return say("device.file_uploading");
    if (one.state === "failed") return one.problem;
    if (one.file.refused && (!force || one.file.firmware.faults.length)) return one.file.refused;
  }
  return "";
}
