/** When a disk will be full, as a sentence. */
import type { Alert } from "../data/shapes";
import { say } from "./words";

/** "" if that is not known. */
export function fullText(fullIn: Alert["full_in"]): string {
  return fullIn ? say(`alert.full_${fullIn.unit}`, { count: fullIn.count }) : "";
}
