/** The question before something that changes a home for good. The focus returns to where it was when it closes. */
import { useEffect, useRef } from "preact/hooks";

import { say } from "../../text/words";

type Props = { title: string; text: string; act: string; isDangerous?: boolean; answer: (isSure: boolean) => void };

export function ConfirmDialog({ title, text, act, isDangerous = false, answer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby="sure-title"
      aria-describedby="sure-text"
      onClose={() => answer(dialog.current?.returnValue === "yes")}
    >
      <h2 id="sure-title">{title}</h2>
      <p id="sure-text">{text}</p>
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
