/**
 * The parts of the Settings page: sections with anchors, rows with what something is on the left and its control right.
 */
import type { ComponentChildren } from "preact";

import { Saved, type Save } from "./save";

type SectionProps = { id: string; title: string; action?: ComponentChildren; children: ComponentChildren };

export function Section({ id, title, action, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <div class="sec">
        <h2 id={`${id}-title`}>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

export type RowProps = {
  title: ComponentChildren;
  text?: ComponentChildren;
  isStacked?: boolean;
  save?: Save;
  name?: string;
  children?: ComponentChildren;
  /** What became of saving it, where that is no `save`. */
  note?: ComponentChildren;
  /** What is opened by the control: below both, as wide as the row. */
  below?: ComponentChildren;
};

/** `isStacked`: on a phone the control is below. `name`: for tests. */
export function Row({ title, text, isStacked = false, save, note, name, children, below }: RowProps) {
  return (
    <div class={isStacked ? "stack" : ""} data-setting={name}>
      <div>
        <b>{title}</b>
        {text && <p class="small soft">{text}</p>}
        {save ? <Saved save={save} /> : note}
      </div>
      {children ?? <span />}
      {below && <div class="below">{below}</div>}
    </div>
  );
}
