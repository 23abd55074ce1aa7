/** A question before something is done that matters. When it closes, the focus returns to where it was. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { say } from "../text/words";

type Props = {
  title: ComponentChildren;
  /** The button that does it. */
  act: string;
  /** Whether it cannot be undone. */
  isDangerous?: boolean;
  answer: (isSure: boolean) => void;
  children: ComponentChildren;
};

/** Its first focus is on the button that does nothing. */
export function ConfirmDialog({ title, act, isDangerous = false, answer, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onClose={() => answer(dialog.current?.returnValue === "yes")}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <div id={`${id}-text`}>{children}</div>
      <form method="dialog" class="row-of">
        <button type="submit" value="no">
          {say("device.cancel")}
        </button>
        <button type="submit" value="yes" class={isDangerous ? "danger" : "main"}>
          {act}
        </button>
      </form>
    </dialog>
  );
}
