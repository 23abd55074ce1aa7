/** Pages, and parts of pages, that are loaded when they are shown for the first time. */
import { signal, type Signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { connection } from "../data/live";
import { loadWordsOf, say } from "../text/words";
import { focusMain } from "../parts/focus";
import { Notice } from "../parts/notice";

const AGAIN_MS = [500, 1_500]; // after which a part that did not come is asked for again

type Load<Props> = () => Promise<ComponentType<Props>>;
type Loaded<Props> = Signal<ComponentType<Props> | "missing" | undefined>;

/**
 * A page that is loaded, with its texts; if that fails, it shows an error. `name`: the place of its module in src,
 * without its ending, by which the build finds its texts.
 */
export function later<Props extends object = object>(name: string, load: Load<Props>) {
  const state: Loaded<Props> = signal(undefined);
  return function Later(props: Props) {
    const Page = useLoaded(state, name, load);
    const heldFocus = useRef(false);
    useEffect(() => {
      if (Page !== undefined && heldFocus.current) focusMain();
    }, [Page]);
    if (Page === undefined) return <main aria-busy="true" onFocus={() => (heldFocus.current = true)} />;
    if (Page !== "missing") return <Page {...props} />;
    return (
      <main>
        <Missing />
      </main>
    );
  };
}

/** A part of a page that is loaded, `name` as of a page. `place`: a class of what keeps its space until then. */
export function laterPart<Props extends object = object>(name: string, load: Load<Props>, place: string) {
  const state: Loaded<Props> = signal(undefined);
  return function LaterPart(props: Props) {
    const Part = useLoaded(state, name, load);
    if (Part === undefined) return <div class={place} aria-busy="true" />;
    return Part === "missing" ? <Missing /> : <Part {...props} />;
  };
}

function useLoaded<Props>(state: Loaded<Props>, name: string, load: Load<Props>) {
  const isLive = connection.value === "live"; // what the hub did not send while it was away, it sends when it is back
  // biome-ignore lint/correctness/useExhaustiveDependencies: a component has one `state`, `name` and `load`
  useEffect(() => {
    if (typeof state.peek() === "function" || (state.peek() === "missing" && !isLive)) return;
    state.value = undefined;
    const both = () => Promise.all([load(), loadWordsOf(name)]);
    const again = (wait: number) => new Promise((done) => setTimeout(done, wait)).then(both);
    AGAIN_MS.reduce((asked, wait) => asked.catch(() => again(wait)), both()).then(
      ([found]) => (state.value = found),
      () => (state.value = "missing"),
    );
  }, [isLive]);
  return state.value;
}

function Missing() {
  return (
    <Notice kind="fault" again={() => location.reload()}>
      {say("app.page_missing")}
    </Notice>
  );
}
