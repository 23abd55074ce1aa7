/** Pages that are loaded when they are opened for the first time. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { say } from "../text/words";
import { focusMain } from "../parts/focus";
import { Notice } from "../parts/notice";

/** A component that loads another one; if that fails, it shows an error. */
export function later<Props extends object = object>(load: () => Promise<ComponentType<Props>>) {
  const state = signal<ComponentType<Props> | "missing" | undefined>(undefined);
  const fetch = () => {
    state.value = undefined;
    load().then(
      (page) => (state.value = page),
      () => (state.value = "missing"),
    );
  };
  return function Later(props: Props) {
    const Page = state.value;
    const heldFocus = useRef(false);
    useEffect(() => {
      if (typeof state.peek() !== "function") fetch();
    }, []);
    useEffect(() => {
      if (Page !== undefined && heldFocus.current) focusMain();
    }, [Page]);
    if (Page === undefined) return <main aria-busy="true" onFocus={() => (heldFocus.current = true)} />;
    if (Page !== "missing") return <Page {...props} />;
    return (
      <main>
        <Notice kind="fault" again={() => location.reload()}>
          {say("app.page_missing")}
        </Notice>
      </main>
    );
  };
}
