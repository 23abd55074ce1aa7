/** What a row of the audit is about, in words. Pure. */
import { timeText } from "../../text/format";
import { sayIfKnown } from "../../text/words";
import { HERE } from "../here";
import type { Audit } from "../shapes";

type AuditRow = Audit["rows"][number];

const TIMES = new Set(["since", "expires"]); // Unix seconds
const NAMES = ["name", "login"]; // what a home, an organisation or a person is called

/** `Station Road 1`, `anna, role: owner`. What has no name is called by its id. */
export function subjectText(
  { subject, detail, what }: Pick<AuditRow, "subject" | "what"> & { detail: object },
  now = Date.now() / 1000,
): string {
  const known = detail as Readonly<Record<string, unknown>>;
  const name = NAMES.map((one) => known[one]).find((one) => typeof one === "string" && one !== "");
  const isNumber = /^(code|command|session)\./.test(what); // its id says nothing to a person
  const others = Object.entries(known).filter(([key, value]) => !NAMES.includes(key) && value !== "");
  return [
    name ?? (isNumber ? "" : subject),
    ...others.map(([key, value]) => `${sayIfKnown(`fleet.detail_${key}`, key)}: ${valueText(key, value, now)}`),
  ]
    .filter(Boolean)
    .join(", ");
}

function valueText(key: string, value: unknown, now: number): string {
  if (TIMES.has(key) && typeof value === "number") return timeText(value, now, HERE);
  if (key === "role" && typeof value === "string") return sayIfKnown(`fleet.role_${value}`, value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
