/** What was found in the input: a sentence, notes, and the remarks with the way to their frames. */
import { useState } from "preact/hooks";

import { capital } from "../bytes/parts";
import { Notice } from "../parts/notice";
import type { DecodedRemark, DecodeView } from "../data/shapes";
import { countText } from "../text/format";
import { say } from "../text/words";
import { choices, show } from "./decoding";
import { endsOf, foundText, notesOf, spanText, summaryText } from "./texts";

const FEW = 5; // remarks at first

export function Summary({ view }: { view: DecodeView }) {
  const isEmpty = !view.counts.frames && !view.contents.length;
  if (isEmpty && (view.format.refused || view.format.hint))
    return <Notice kind="note">{view.format.refused || view.format.hint}</Notice>;
  return (
    <section class="decode-summary" aria-label={say("decode.result")}>
      <p class="lead">{summaryText(view)}</p>
      <p class="soft">{foundText(view, choices.value)}</p>
      {notesOf(view).map((note) => (
        <p key={note} class="soft small">
          {note}
        </p>
      ))}
      <Remarks view={view} />
      <Contents view={view} />
      <Report report={view.report} />
    </section>
  );
}

function Remarks({ view }: { view: DecodeView }) {
  const [all, setAll] = useState(false);
  const shown = all ? view.remarks : view.remarks.slice(0, FEW);
  const total = Object.values(view.counts.remarks).reduce((sum, count) => sum + count, 0);
  if (!shown.length) return null;
  return (
    <>
      <ul class="remarks">
        {shown.map((remark, index) => (
          <li key={`${remark.index} ${index}`}>
            <div>
              {capital(remark.text)}
              <p class="soft small">{placeText(remark, endsOf(view.family, choices.value))}</p>
            </div>
            <button
              type="button"
              onClick={() => void show(remark.index)}
              aria-label={say("decode.show_frame", { what: remark.text })}
            >
              {say("decode.show")}
            </button>
          </li>
        ))}
      </ul>
      {shown.length < view.remarks.length && (
        <button type="button" onClick={() => setAll(true)}>
          {say("decode.all_remarks", { count: view.remarks.length })}
        </button>
      )}
      {all && total > view.remarks.length && (
        <p class="soft small">{say("decode.first_remarks", { shown: view.remarks.length, all: countText(total) })}</p>
      )}
    </>
  );
}

/** `heartbeat of the MCU, byte 34, after 1.2 s` */
function placeText(
  { name, sender, offset, t }: DecodedRemark,
  [controller, device]: readonly [string, string],
): string {
  const side = sender === "controller" ? controller : sender === "device" ? device : "";
  const what = [name, side && say("decode.of_side", { side })].filter(Boolean).join(" ");
  return [what, say("decode.at_byte", { offset }), t === null ? "" : spanText(t)].filter(Boolean).join(", ");
}

/** Values and messages that came without frames. */
function Contents({ view }: { view: DecodeView }) {
  if (!view.contents.length) return null;
  return (
    <>
      <h2>{say("decode.contents")}</h2>
      <ul class="contents">
        {view.contents.map((one, index) => (
          <li key={index}>
            {one.line > 0 && <span class="soft small">{say("decode.line", { line: one.line })} </span>}
            <code>{one.text}</code>
          </li>
        ))}
      </ul>
      {view.more_contents > 0 && <p class="soft small">{say("decode.more_contents", { count: view.more_contents })}</p>}
    </>
  );
}

/** What the stream shows as a whole: a start of a board. */
function Report({ report }: { report: DecodeView["report"] }) {
  const sections = Object.entries(report ?? {});
  if (!sections.length) return null;
  return (
    <details class="plain">
      <summary>{say("decode.report")}</summary>
      {sections.map(([name, fields]) => (
        <div key={name}>
          <h3>{capital(name.replace(/_/g, " "))}</h3>
          <pre>{JSON.stringify(fields, null, 1)}</pre>
        </div>
      ))}
    </details>
  );
}
