/**
 * What an update file is, before it is sent: its container, what it is for, its checksums, and what speaks against it.
 */
import { Fact } from "../../../parts/fact";
import type { UpdateFile } from "../../../data/shapes";
import { say } from "../../../text/words";
import { headerRows, reportRows } from "./firmware";

export function FirmwareReport({ file }: { file: UpdateFile }) {
  const header = headerRows(file);
  const { text, faults } = file.firmware;
  return (
    <div class="firmware-report" role="group" aria-label={say("firmware.report", { file: file.name })}>
      <Verdict file={file} />
      {!faults.length && <p>{text}</p>}
      <dl class="facts">
        {reportRows(file).map((row) => (
          <Fact key={row.name} name={row.name}>
            {row.value}
          </Fact>
        ))}
      </dl>
      {header.length > 0 && (
        <details class="plain">
          <summary>{say("firmware.header")}</summary>
          <dl class="facts">
            {header.map((row) => (
              <Fact key={row.name} name={row.name}>
                {row.value}
              </Fact>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

/** What is damaged, and why the device would not be sent the file. */
export function Verdict({ file }: { file: UpdateFile }) {
  const { faults } = file.firmware;
  return (
    <>
      {faults.length > 0 && (
        <div class="problem">
          <p>{say("firmware.damaged")}</p>
          <ul>
            {faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        </div>
      )}
      {file.refused && !faults.length && <p class="problem">{file.refused}</p>}
    </>
  );
}
