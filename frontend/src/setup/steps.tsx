/** The steps of a running set-up, with what the person has to do meanwhile. */
import type { SetupView } from "../data/shapes";
import { Notice } from "../parts/notice";
import { say } from "../text/words";
import { linesOf, PARTS, partOf, type StepLine } from "./progress";

/** Where in the wizard this is. */
export function Parts({ view }: { view: SetupView }) {
  const at = partOf(view);
  return (
    <ol class="parts">
      {PARTS.map((part) => (
        <li key={part} aria-current={part === at ? "step" : undefined}>
          {say(`setup.part_${part}`)}
        </li>
      ))}
    </ol>
  );
}

export function StepList({ view }: { view: SetupView }) {
  const lines = linesOf(view.steps);
  return (
    <ol class="step-list" aria-live="polite">
      {lines.map((line) => (
        <Line key={line.step} line={line} />
      ))}
    </ol>
  );
}

const MARKS = { running: "…", done: "✓", failed: "✗" } as const;

function Line({ line }: { line: StepLine }) {
  return (
    <li data-state={line.state} aria-busy={line.state === "running"}>
      <span class="mark" aria-hidden="true">
        {MARKS[line.state]}
      </span>
      <div>
        <p>
          <span class="hidden-text">{say(`setup.state_${line.state}`)} </span>
          {line.text}
        </p>
        {line.details.length > 0 && <p class="soft small">{line.details.at(-1)}</p>}
        {line.hint && <Notice>{line.hint}</Notice>}
      </div>
    </li>
  );
}
