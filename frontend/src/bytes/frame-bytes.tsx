/** The bytes of a frame in the colours of their parts: a short row, or a row whose parts can be chosen one by one. */
import { useState } from "preact/hooks";

import type { FramePart } from "../data/shapes";
import { say } from "../text/words";
import {
  bytesText,
  fieldsOf,
  firstBytes,
  isText,
  lettersOf,
  nextIndex,
  sentenceOf,
  summaryOf,
  tintOf,
  type Drawable,
  type Field,
} from "./parts";
import { PartTable } from "./part-table";
import "./bytes.css";

const FEW = 40; // bytes of a frame in a list
const FEW_LETTERS = 280; // the same of text
const MANY = 400; // fields that are drawn; the table has all of them

/** The first bytes of a frame in a list. */
export function ShortBytes({ frame }: { frame: Drawable }) {
  const text = isText(frame);
  const { parts, left } = firstBytes(frame, text ? FEW_LETTERS : FEW);
  return (
    <span class={text ? "bytes letters" : "bytes"}>
      {parts.map((part) => (
        <span
          key={part.start}
          class="byte-part"
          data-tint={tintOf(part)}
          data-odd={isOdd(part)}
          title={summaryOf(part)}
        >
          {contentOf(frame, part, text)}
        </span>
      ))}
      {left > 0 && (
        <span class="soft small left">
          {say(left === 1 ? "decode.more_byte" : "decode.more_bytes", { count: left })}
        </span>
      )}
    </span>
  );
}

/** A frame byte by byte: all its fields, what the chosen one is, and a table. Arrow keys go from field to field. */
export function FrameDetail({ frame }: { frame: Drawable }) {
  const [active, setActive] = useState(-1);
  const fields = fieldsOf(frame.parts);
  const shown = fields[active];
  return (
    <div class="frame-detail">
      <FieldRow frame={frame} fields={fields} active={active} onActive={setActive} />
      <p class="meaning" aria-hidden="true">
        {shown ? sentenceOf(shown) : <span class="soft">{say("decode.point_at")}</span>}
      </p>
      <PartTable frame={frame} fields={fields} active={active} onActive={setActive} />
    </div>
  );
}

type RowProps = { frame: Drawable; fields: readonly Field[]; active: number; onActive: (index: number) => void };

function FieldRow({ frame, fields, active, onActive }: RowProps) {
  const text = isText(frame);
  const drawn = fields.slice(0, MANY);
  const left = frame.length - (drawn.at(-1)?.part.end ?? 0);
  const move = (event: KeyboardEvent) => {
    const next = nextIndex(event.key, active, drawn.length);
    if (next === undefined) return;
    event.preventDefault();
    onActive(next);
    const row = event.currentTarget as HTMLElement;
    row.querySelectorAll<HTMLElement>("[role=option]")[next]?.focus();
  };
  return (
    <div
      class={text ? "bytes large letters" : "bytes large"}
      role="listbox"
      aria-orientation="horizontal"
      aria-label={say("decode.bytes")}
      onKeyDown={move}
      onMouseLeave={() => onActive(-1)}
    >
      {drawn.map((field, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list has its keys
        <span
          key={field.part.start}
          class="byte-part"
          role="option"
          aria-selected={index === active}
          tabIndex={index === Math.max(active, 0) ? 0 : -1}
          data-tint={tintOf(field.part)}
          data-odd={isOdd(field.part)}
          data-joined={index > 0 && field.group !== "" && drawn[index - 1]?.group === field.group}
          onMouseEnter={() => onActive(index)}
          onFocus={() => onActive(index)}
          onClick={() => onActive(index)}
        >
          {contentOf(frame, field.part, text)}
          <span class="hidden-text">, {sentenceOf(field)}</span>
        </span>
      ))}
      {left > 0 && (
        <span class="soft small left" role="presentation">
          {say(left === 1 ? "decode.more_byte" : "decode.more_bytes", { count: left })}
        </span>
      )}
    </div>
  );
}

function contentOf(frame: Drawable, part: FramePart, text: boolean): string {
  return text ? lettersOf(frame.hex, part.start, part.end) : bytesText(frame.hex, part.start, part.end);
}

function isOdd(part: FramePart): boolean {
  return Boolean(part.odd) || Boolean(part.parts?.some(isOdd));
}
