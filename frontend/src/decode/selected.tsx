/** The selected frame byte by byte. While its place is out of sight it stays at the bottom of the window. */
import { useEffect, useRef, useState } from "preact/hooks";

import { FrameDetail } from "../bytes/frame-bytes";
import { capital } from "../bytes/parts";
import type { DecodedFrame, DecodeView } from "../data/shapes";
import { say } from "../text/words";
import { choices, frames, isPicked, selected, selectedFrame, show } from "./decoding";
import { linked, nameOf } from "./filter";
import { endsOf, spanText } from "./texts";

export function Selected({ view }: { view: DecodeView }) {
  const place = useRef<HTMLDivElement>(null);
  const isAway = useIsAway(place);
  const [isClosed, setClosed] = useState(false);
  const frame = selectedFrame.value;
  useEffect(() => setClosed(false), [selected.value]);
  if (!frame) return <div class="selected-place" ref={place} />;
  const isDocked = isAway && isPicked.value && !isClosed;
  return (
    <div class="selected-place" ref={place}>
      <section
        class="card selected"
        data-docked={isDocked}
        aria-labelledby="selected"
        tabIndex={isDocked ? 0 : undefined}
      >
        <header>
          <h2 id="selected">
            {capital(nameOf(frame))} <span class="soft small">{placeText(frame, view)}</span>
          </h2>
          {isDocked && (
            <button type="button" class="bare close" aria-label={say("decode.close")} onClick={() => setClosed(true)}>
              ✕
            </button>
          )}
        </header>
        <Facts frame={frame} />
        <FrameDetail key={frame.index} frame={frame} />
      </section>
    </div>
  );
}

function Facts({ frame }: { frame: DecodedFrame }) {
  const found = linked(frames.value, frame);
  const links = frames.value.filter((one) => found.has(one.index));
  return (
    <>
      {frame.reason && frame.kind !== "frame" && <p>{capital(frame.reason)}.</p>}
      {frame.text && <p class="message">{frame.text}</p>}
      {frame.odd.map((odd) => (
        <p key={odd} class="odd">
          <span aria-hidden="true">! </span>
          {capital(odd)}
        </p>
      ))}
      {(frame.masked || frame.rebuilt || frame.section || links.length > 0) && (
        <p class="soft small facts-line">
          {frame.section && <span>{frame.section.replace("docs/protocols/", "")}</span>}
          {frame.masked && <span>{say("decode.masked")}</span>}
          {frame.rebuilt && <span>{say("decode.rebuilt")}</span>}
          {links.map((one) => (
            <button key={one.index} type="button" class="bare link" onClick={() => void show(one.index)}>
              {say(
                frame.answers !== null && one.sender !== frame.sender && one.index < frame.index
                  ? "decode.to_request"
                  : "decode.to_answer",
              )}
            </button>
          ))}
        </p>
      )}
    </>
  );
}

/** `of the MCU, byte 46, line 6, after 12 ms` */
function placeText(frame: DecodedFrame, view: DecodeView): string {
  const ends = endsOf(view.family, choices.value);
  const side =
    frame.sender === null ? "" : say("decode.of_side", { side: ends[frame.sender === "controller" ? 0 : 1] });
  return [
    side,
    frame.part && say("decode.part", { part: frame.part }),
    say("decode.at_byte", { offset: frame.offset }),
    frame.line > 0 && say("decode.line", { line: frame.line }),
    frame.after_ms !== null && say("decode.after", { time: spanText(frame.after_ms / 1000) }),
  ]
    .filter(Boolean)
    .join(", ");
}

/** Whether the top of the place is above or below the window. */
function useIsAway(place: { current: HTMLElement | null }): boolean {
  const [isAway, setAway] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an element stays while its component is shown
  useEffect(() => {
    const element = place.current;
    if (!element || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(([entry]) => setAway(!entry?.isIntersecting), {
      rootMargin: "-56px 0px 0px 0px",
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return isAway;
}
