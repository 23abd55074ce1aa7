/** The frame of the steps: where in them this is, and the buttons at their foot. */
import type { ComponentChildren } from "preact";

import { say } from "../text/words";
import { STEPS, type Step } from "./progress";

export function Steps({ at }: { at: Step }) {
  const place = STEPS.indexOf(at);
  return (
    <ol class="steps">
      {STEPS.map((step, index) => (
        <li key={step} class={index < place ? "done" : ""} aria-current={step === at ? "step" : undefined}>
          {say(`add.step_${step}`)}
        </li>
      ))}
    </ol>
  );
}

/** At the bottom of a phone, where it takes the place of the navigation. */
export function Feet({ back, children }: { back: string; children: ComponentChildren }) {
  return (
    <div class="feet">
      <a class="button" href={back}>
        {say("add.back")}
      </a>
      {children}
    </div>
  );
}
