/** A notice: what happened and what to do. */
import type { ComponentChildren } from "preact";

import { say } from "../text/words";
import "./parts.css";

type Props = { children: ComponentChildren; kind?: "fault" | "note"; again?: (() => void) | undefined };

/** Screen readers announce a `fault` at once, a `note` when idle. `again`: the action of "Try again". */
export function Notice({ children, kind = "note", again }: Props) {
  return (
    <div class="notice" data-kind={kind} role={kind === "fault" ? "alert" : "status"}>
      <p>{children}</p>
      {again && (
        <button type="button" onClick={again}>
          {say("app.try_again")}
        </button>
      )}
    </div>
  );
}
