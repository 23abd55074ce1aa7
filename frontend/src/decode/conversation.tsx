/** The frames in two lanes, one for each side, in the order of time; those that a filter keeps. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { ShortBytes } from "../bytes/frame-bytes";
import { capital, LEGEND, nextIndex } from "../bytes/parts";
import type { DecodedFrame, DecodeView } from "../data/shapes";
import { countText } from "../text/format";
import { say } from "../text/words";
import {
  busy,
  choices,
  endShown,
  firstShown,
  frames,
  isPicked,
  more,
  pick,
  selected,
  selectedFrame,
  sought,
} from "./decoding";
import { filtered, linked, nameOf, namesOf, NO_FILTER, type Filter } from "./filter";
import { endsOf, spanText, timeText } from "./texts";

export function Conversation({ view }: { view: DecodeView }) {
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const shown = useMemo(() => filtered(frames.value, filter), [frames.value, filter]);
  const ends = endsOf(view.family, choices.value);
  const all = view.counts.pieces;
  return (
    <section class="conversation" aria-labelledby="conversation">
      <div class="row-of">
        <h2 id="conversation">{say("decode.conversation")}</h2>
        <ul class="legend small">
          {LEGEND.map((tint) => (
            <li key={tint}>
              <span class="tint" data-tint={tint} aria-hidden="true" />
              {say(`decode.tint.${tint}` as "decode.tint.data")}
            </li>
          ))}
        </ul>
      </div>
      <FilterRow filter={filter} ends={ends} onChange={(part) => setFilter({ ...filter, ...part })} />
      <p class="soft small" role="status">
        {shownText(shown.length, all)}
      </p>
      {firstShown.value > 0 && <MoreButton before />}
      {shown.length > 0 ? (
        <Lanes frames={shown} ends={ends} sides={view.counts.senders} />
      ) : (
        <p class="soft">{say("device.no_match")}</p>
      )}
      {endShown.value < all && <MoreButton />}
    </section>
  );
}

/** `7 frames`, `3 of the 7 frames`, `frames 1–500 of 93,207; 12 pass the filter` */
function shownText(shown: number, all: number): string {
  const loaded = frames.value.length;
  if (loaded === all)
    return shown === all
      ? say("decode.all_shown", { count: countText(all) })
      : say("decode.some_shown", { shown: countText(shown), all: countText(all) });
  const range = say("decode.range", {
    from: countText(firstShown.value + 1),
    to: countText(endShown.value),
    all: countText(all),
  });
  return shown === loaded ? range : `${range} ${say("decode.of_these", { shown: countText(shown) })}`;
}

function MoreButton({ before = false }: { before?: boolean }) {
  return (
    <button
      type="button"
      class="more"
      aria-disabled={busy.value ? true : undefined}
      onClick={() => !busy.value && void more(before)}
    >
      {say(before ? "decode.earlier" : "decode.later")}
    </button>
  );
}

type RowProps = { filter: Filter; ends: readonly [string, string]; onChange: (part: Partial<Filter>) => void };

function FilterRow({ filter, ends, onChange }: RowProps) {
  const names = useMemo(() => namesOf(frames.value), [frames.value]);
  return (
    <div class="row-of filter">
      <input
        type="search"
        value={filter.words}
        placeholder={say("device.filter")}
        aria-label={say("device.filter_label")}
        onInput={(event) => onChange({ words: event.currentTarget.value })}
      />
      <select
        value={filter.side}
        aria-label={say("decode.side")}
        onChange={(event) => onChange({ side: event.currentTarget.value as Filter["side"] })}
      >
        <option value="">{say("decode.both")}</option>
        <option value="controller">{capital(ends[0])}</option>
        <option value="device">{capital(ends[1])}</option>
      </select>
      <select
        value={filter.name}
        aria-label={say("decode.command")}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      >
        <option value="">{say("decode.all_commands")}</option>
        {names.map(([name, count]) => (
          <option key={name} value={name}>
            {name} ({count})
          </option>
        ))}
      </select>
      <button type="button" class="chip" aria-pressed={filter.odd} onClick={() => onChange({ odd: !filter.odd })}>
        {say("decode.only_odd")}
      </button>
    </div>
  );
}

/** A list box: arrow keys go from frame to frame. */
function Lanes({
  frames: shown,
  ends,
  sides,
}: {
  frames: readonly DecodedFrame[];
  ends: readonly [string, string];
  sides: readonly string[];
}) {
  const list = useRef<HTMLDivElement>(null);
  const at = shown.findIndex((frame) => frame.index === selected.value);
  const links = useMemo(() => linked(shown, selectedFrame.value), [shown, selectedFrame.value]);
  const from = shown[0]?.t ?? 0;
  const row = (index: number) => list.current?.querySelectorAll<HTMLElement>("[role=option]")[index];
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when something is sought, not when the list changes
  useEffect(() => {
    const one = row(at);
    if (sought.value && one && !isVisible(one)) one.scrollIntoView({ block: "center" });
  }, [sought.value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when a frame is picked, not when the list changes
  useEffect(() => {
    if (isPicked.value) requestAnimationFrame(() => clearOfPanel(row(at)));
  }, [selected.value]);
  const move = (event: KeyboardEvent) => {
    const next =
      event.key.startsWith("ArrowL") || event.key.startsWith("ArrowR")
        ? undefined
        : nextIndex(event.key, at, shown.length);
    if (next === undefined) return;
    const frame = shown[next];
    if (!frame) return;
    event.preventDefault();
    pick(frame.index);
    row(next)?.focus({ preventScroll: true });
  };
  return (
    <>
      <div class="lane-heads small soft" aria-hidden="true" data-sides={sides.length}>
        {!(sides.length === 1 && sides[0] === "device") && <span>{capital(ends[0])}</span>}
        {!(sides.length === 1 && sides[0] === "controller") && <span>{capital(ends[1])}</span>}
      </div>
      <div
        class="lanes"
        data-sides={sides.length}
        role="listbox"
        aria-label={say("decode.frames_list")}
        ref={list}
        onKeyDown={move}
      >
        {shown.map((frame, index) => (
          <Row
            key={frame.index}
            frame={frame}
            from={from}
            ends={ends}
            isFirst={index === Math.max(at, 0)}
            isSelected={index === at}
            isLinked={links.has(frame.index)}
          />
        ))}
      </div>
    </>
  );
}

type FrameProps = {
  frame: DecodedFrame;
  from: number;
  ends: readonly [string, string];
  isFirst: boolean;
  isSelected: boolean;
  isLinked: boolean;
};

function Row({ frame, from, ends, isFirst, isSelected, isLinked }: FrameProps) {
  const end = frame.sender === null ? "" : ends[frame.sender === "controller" ? 0 : 1];
  // is not compared again
  const content = useMemo(() => <FrameCard frame={frame} from={from} end={end} />, [frame, from, end]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has its keys
    <div
      class="lane"
      role="option"
      aria-selected={isSelected}
      tabIndex={isFirst ? 0 : -1}
      data-sender={frame.sender ?? "none"}
      data-kind={frame.kind}
      data-linked={isLinked}
      onClick={() => pick(frame.index)}
    >
      {content}
    </div>
  );
}

function FrameCard({ frame, from, end }: { frame: DecodedFrame; from: number; end: string }) {
  const side = end && say("decode.of_side", { side: end });
  const after = frame.after_ms === null ? "" : say("decode.after", { time: spanText(frame.after_ms / 1000) });
  return (
    <>
      <div class="frame">
        <p class="what">
          <b>{nameOf(frame)}</b> <span class="hidden-text">{side}</span>
          <span class="text soft">{frame.kind === "frame" ? frame.text : frame.reason}</span>
          <span class="at small soft">{after}</span>
        </p>
        {frame.odd.map((odd) => (
          <p key={odd} class="odd small">
            <span aria-hidden="true">! </span>
            {capital(odd)}
          </p>
        ))}
        <ShortBytes frame={frame} />
      </div>
      <span class="when small soft">{timeText(frame, from)}</span>
    </>
  );
}

/** Scroll so far that the panel at the bottom of the window does not cover the frame. */
function clearOfPanel(one: HTMLElement | undefined): void {
  const panel = document.querySelector(".selected[data-docked=true]");
  if (!one || !panel) return;
  const covered = one.getBoundingClientRect().bottom + 8 - panel.getBoundingClientRect().top;
  if (covered > 0) scrollBy(0, covered);
}

function isVisible(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 60 && bottom <= innerHeight - 60;
}
