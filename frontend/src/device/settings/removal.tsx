/** The end of a device's settings: how it is removed, and the question that is asked first. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { say } from "../../text/words";

type Props = {
  /** What is said of it, in paragraphs. */
  children: ComponentChildren;
  /** The question, until it is closed. */
  question: (close: () => void) => ComponentChildren;
  /** Whether it was opened by its address. */
  isOpen: boolean;
  /** Why it cannot be removed; "" if it can. */
  bar: string;
  /** Whether something else keeps it from being removed, which the text says. */
  isKept?: boolean;
};

export function Removal({ children, question, isOpen, bar, isKept = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <section class="removal" aria-labelledby="remove" id={isOpen ? "shown" : undefined}>
      <h2 id="remove">{say("device.remove")}</h2>
      <div class="entries set">
        <div>
          <div>
            <b>{say("device.remove_title")}</b>
            {children}
          </div>
          <button
            type="button"
            class="danger"
            aria-disabled={bar || isKept ? true : undefined}
            title={bar || undefined}
            onClick={() => bar || isKept || dialog.current?.showModal()}
          >
            {say("device.remove_button")}
          </button>
        </div>
      </div>
      <dialog ref={dialog} aria-labelledby="remove-ask">
        {question(() => dialog.current?.close())}
      </dialog>
    </section>
  );
}
