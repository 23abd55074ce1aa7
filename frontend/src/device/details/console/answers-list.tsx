/** The commands that were run, newest first, with their answers as facts and tables, and their lines on request. */
import { nameOf as deviceName } from "../../../devices/points";
import type { Device } from "../../../data/shapes";
import { say } from "../../../text/words";
import { Fact } from "../../../parts/fact";
import { blocksOf, rawLines, type Block } from "./answer";
import { CANCEL } from "./commands";
import { cancel, clear, runsOf, type ConsoleRun } from "./runs";

export function Answers({ device }: { device: Device }) {
  const runs = runsOf(device.id).value;
  if (!runs.length) return null;
  return (
    <div class="answers">
      <ol aria-label={say("console.answers", { device: deviceName(device) })}>
        {runs.map((run) => (
          <li key={run.id} data-state={run.state}>
            <Answer run={run} />
          </li>
        ))}
      </ol>
      <div class="row-of">
        <button type="button" onClick={() => clear(device.id)}>
          {say("console.clear")}
        </button>
        {runs.some((run) => run.state === "running") && device.actions.some((action) => action.name === CANCEL) && (
          <button type="button" onClick={() => void cancel(device.id)}>
            {say("console.cancel")}
          </button>
        )}
      </div>
    </div>
  );
}

function Answer({ run }: { run: ConsoleRun }) {
  const lines = rawLines(run.answer);
  const blocks = blocksOf(run.answer);
  return (
    <>
      <p class="typed">
        <code>$ {run.line}</code>
      </p>
      <p role="status" class={run.state === "failed" ? "problem" : "soft small"}>
        {run.state === "running"
          ? say("device.in_progress")
          : run.text || (blocks.length || lines.length ? "" : say("console.no_lines"))}
      </p>
      {blocks.map((block) => (
        <BlockView key={`${block.kind} ${block.title}`} block={block} line={run.line} />
      ))}
      {lines.length > 0 && (
        <details class="plain" open={!blocks.length}>
          <summary>{say("console.raw")}</summary>
          <pre tabIndex={0} role="region" aria-label={say("console.raw_of", { line: run.line })}>
            {lines.join("\n")}
          </pre>
        </details>
      )}
    </>
  );
}

function BlockView({ block, line }: { block: Block; line: string }) {
  if (block.kind === "facts")
    return (
      <>
        {block.title && <h3>{block.title}</h3>}
        <dl class="facts">
          {block.rows.map((row) => (
            <Fact key={row.name} name={row.name}>
              {row.value}
            </Fact>
          ))}
        </dl>
      </>
    );
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={`${line}: ${block.title}`}>
      <table class="data">
        <caption>{block.title}</caption>
        <thead>
          <tr>
            {block.columns.map((column) => (
              <th key={column.name} class={column.isNumber ? "number" : ""}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => (
                <td key={at} class={block.columns[at]?.isNumber ? "number" : ""}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
