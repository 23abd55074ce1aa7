/** One row of a list of facts (`<dl class="facts">`): what it is called, what it is. */
import type { ComponentChildren } from "preact";

export function Fact({ words, children }: { words: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{children}</dd>
    </div>
  );
}
