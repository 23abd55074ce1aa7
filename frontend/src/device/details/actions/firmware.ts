/** What an update file is, as rows for people. Pure. */
import { bytesText } from "../../../settings/text";
import type { UpdateFile } from "../../../data/shapes";
import { say, sayIfKnown } from "../../../text/words";
import { titled } from "../../../text/printable";

export type ReportRow = { name: string; value: string };
type Report = Pick<UpdateFile, "firmware" | "size" | "md5">;

const UNKNOWN = "unknown"; // the kind of a file without a header

/** Container, what it is for, and what its name says; then size and checksum. What is not known is left out. */
export function reportRows({ firmware, size, md5 }: Report): ReportRow[] {
  const { kind, target, model, region, named_hardware, build } = firmware;
  const rows: [string, string][] = [
    ["kind", kind === UNKNOWN ? say("firmware.kind_unknown") : kind],
    ["target", target],
    ["model", model],
    ["region", region],
    ["named_hardware", named_hardware ? String(named_hardware) : ""],
    ["build", build],
    ["size", bytesText(size)],
    ["md5", md5],
  ];
  return rows
    .filter(([, value]) => value)
    .map(([name, value]) => ({ name: sayIfKnown(`firmware.${name}`, name), value }));
}

/** The fields of its header. */
export function headerRows({ firmware }: Pick<UpdateFile, "firmware">): ReportRow[] {
  return Object.entries(firmware.fields).map(([name, value]) => ({ name: titled(name), value: String(value) }));
}
