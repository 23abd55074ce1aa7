/** The fields of a frame as a table: place, bytes, name, meaning. */
import { useState } from "preact/hooks";

import { say } from "../text/words";
import { bytesText, isText, labelOf, meaningOf, tintOf, type Drawable, type Field } from "./parts";

const FEW = 60; // rows at first
const LONG = 16; // bytes in one cell

type Props = { frame: Drawable; fields: readonly Field[]; active: number; onActive: (index: number) => void };

export function PartTable({ frame, fields, active, onActive }: Props) {
  const [all, setAll] = useState(false);
  const text = isText(frame);
  const shown = all ? fields : fields.slice(0, FEW);
  const left = fields.length - shown.length;
  return (
    <div class="scrolls">
      <table class="data byte-parts" aria-label={say("decode.fields")}>
        <thead>
          <tr>
            <th class="number">{say("decode.byte")}</th>
            {!text && <th>{say("decode.bytes_column")}</th>}
            <th>{say("decode.field")}</th>
            <th>{say("decode.means")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((field, index) => (
            <tr key={field.part.start} data-on={index === active} onMouseEnter={() => onActive(index)}>
              <td class="number soft">{field.part.start}</td>
              {!text && (
                <td>
                  <code>{shortBytes(frame.hex, field)}</code>
                </td>
              )}
              <td class="label">
                <span class="tint" data-tint={tintOf(field.part)} aria-hidden="true" />
                {shown[index - 1]?.group === field.group && field.group
                  ? labelOf({ ...field, group: "" })
                  : labelOf(field)}
              </td>
              <td class="means">
                {meaningOf(field.part)}
                {field.part.odd && <span class="odd"> {field.part.odd}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {say("decode.more_fields", { count: left })}
        </button>
      )}
      {Boolean(frame.more_parts) && (
        <p class="soft small">{say("decode.left_out", { count: frame.more_parts ?? 0 })}</p>
      )}
    </div>
  );
}

function shortBytes(hex: string, { part }: Field): string {
  const shown = bytesText(hex, part.start, Math.min(part.end, part.start + LONG));
  return part.end - part.start > LONG ? `${shown} …` : shown;
}
