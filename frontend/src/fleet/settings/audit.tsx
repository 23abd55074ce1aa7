/** The audit: who changed what, when, and from where. */
import { useState } from "preact/hooks";

import { address, get, HubError } from "../../data/http";
import { now } from "../../data/live";
import { usePolled } from "../../data/polled";
import { Notice } from "../../parts/notice";
import { Section } from "../../settings/row";
import { timeText } from "../../text/format";
import { say, sayIfKnown } from "../../text/words";
import { HERE } from "../here";
import type { Audit } from "../shapes";
import { subjectText } from "./audit-text";
import { Choose, useOrganisation } from "./choose";

const PAGE = 30;

export function AuditSection() {
  const which = useOrganisation("owner");
  return (
    <Section id="audit" title={say("fleet.audit")} action={<Choose {...which} />}>
      {which.chosen && <Rows key={which.chosen.id} organisation={which.chosen.id} />}
    </Section>
  );
}

function Rows({ organisation }: { organisation: number }) {
  const asked = { org: organisation, limit: PAGE };
  const { value, error, again } = usePolled<Audit>("/api/fleet/audit", 0, asked);
  const [more, setMore] = useState<Audit[]>([]);
  const [failure, setFailure] = useState("");
  const pages = value ? [value, ...more] : [];
  const next = pages.at(-1)?.next;
  const load = async () => {
    try {
      const page = await get<Audit>(address("/api/fleet/audit", { ...asked, after: next ?? undefined }));
      setMore((all) => [...all, page]);
    } catch (problem) {
      setFailure(problem instanceof HubError ? problem.message : String(problem));
    }
  };
  const rows = pages.flatMap((one) => one.rows);
  return (
    <>
      {(error || failure) && (
        <Notice kind="fault" again={again}>
          {error || failure}
        </Notice>
      )}
      {!value && !error && <div class="skeleton place" aria-busy="true" />}
      {value && !rows.length && <p class="soft">{say("fleet.audit_empty")}</p>}
      {rows.length > 0 && (
        <div class="scrolls" tabIndex={0} role="group" aria-label={say("fleet.audit")}>
          <table class="data audit">
            <thead>
              <tr>
                <th scope="col">{say("app.time")}</th>
                <th scope="col">{say("fleet.who")}</th>
                <th scope="col">{say("fleet.did")}</th>
                <th scope="col">{say("fleet.from_where")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.number}>
                  <td>{timeText(Date.parse(row.at) / 1000, now.value, HERE)}</td>
                  <td>
                    <bdi>{row.who.startsWith("hub ") ? say("fleet.a_home") : row.who}</bdi>
                  </td>
                  <td>
                    {sayIfKnown(`fleet.did_${row.what.replaceAll(".", "_")}`, row.what)}{" "}
                    <span class="soft">{subjectText(row)}</span>
                  </td>
                  <td class="soft">{row.address}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div class="row-of">
        {next && (
          <button type="button" onClick={() => void load()}>
            {say("fleet.older")}
          </button>
        )}
        <a
          class="button"
          href={address("/api/fleet/export", { content: "audit", format: "csv", org: organisation })}
          download="fleet-audit.csv"
        >
          {say("fleet.csv")}
        </a>
      </div>
    </>
  );
}
