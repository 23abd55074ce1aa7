/** The most recent frames and noise on a device's links as text, newest first; bytes on request. */
import { useEffect, useMemo, useState } from "preact/hooks";

import { clockText } from "../../../text/format";
import { timezone } from "../../../data/live";
import { Notice } from "../../../parts/notice";
import type { Device, WireLine } from "../../../data/shapes";
import { say } from "../../../text/words";
import { copied } from "../../../text/copy";
import { FrameDetail } from "../../../bytes/frame-bytes";
import { arrowOf, asJson, directionText, filteredLines, hasProblem, hexText, partsOf, type Shown } from "./frames";
import { usePolled } from "../../../data/polled";

const LIMIT = 200;
const FOLLOW_MS = 2_000;
const MARGIN = 100; // frames that may have come since the list was received

export function Frames({ device }: { device: Device }) {
  const [follow, setFollow] = useState(false);
  const [filter, setFilter] = useState("");
  const [problemsOnly, setProblemsOnly] = useState(false);
  const path = `/api/devices/${encodeURIComponent(device.id)}/frames`;
  const { value, error, busy, again } = usePolled<WireLine[]>(path, follow ? FOLLOW_MS : 0, { limit: LIMIT });
  const shown = useMemo(() => filteredLines(value ?? [], filter, problemsOnly), [value, filter, problemsOnly]);
  return (
    <section class="frames" aria-labelledby="frames">
      <h2 id="frames">{say("device.frames")}</h2>
      <div class="row-of tools">
        <button type="button" onClick={again} aria-disabled={busy && !follow ? true : undefined}>
          {say("device.refresh")}
        </button>
        <button type="button" class="chip" aria-pressed={follow} onClick={() => setFollow(!follow)}>
          {say("device.follow")}
        </button>
        <button type="button" class="chip" aria-pressed={problemsOnly} onClick={() => setProblemsOnly(!problemsOnly)}>
          {say("device.only_problems")}
        </button>
        <input
          type="search"
          value={filter}
          placeholder={say("device.filter")}
          aria-label={say("device.filter_label")}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Copy shown={shown} />
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <p class="soft small">
        {value ? say("device.frames_shown", { shown: shown.length, all: value.length }) : "\u00a0"}
      </p>
      {value && !shown.length && <p class="soft">{say(value.length ? "device.no_match" : "device.no_frames")}</p>}
      {!value && !error && <div class="lines skeleton" aria-busy="true" />}
      {shown.length > 0 && (
        <Lines shown={shown} path={path} channels={new Set(value?.map((line) => line.channel)).size > 1} />
      )}
    </section>
  );
}

/** A table; on narrow screens its cells are stacked, and the ARIA roles keep it a table. */
function Lines({ shown, channels, path }: { shown: readonly Shown[]; channels: boolean; path: string }) {
  return (
    <div class="lines" tabIndex={0} role="region" aria-label={say("device.frames_table")}>
      <table class="data listed" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">{say("device.time")}</th>
            <th role="columnheader">{say("device.direction")}</th>
            <th role="columnheader">{say("device.name")}</th>
            <th role="columnheader">{say("device.content")}</th>
            <th role="columnheader" class="number">
              {say("device.length")}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map(({ key, line }) => (
            <Line key={key} line={line} channels={channels} path={path} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ line, channels, path }: { line: WireLine; channels: boolean; path: string }) {
  const [open, setOpen] = useState(false); // bytes on request, because 200 long frames would slow down the page
  const place = [channels ? line.channel : "", line.way].filter(Boolean).join(" · ");
  return (
    <>
      <tr role="row" class="line" data-kind={line.kind} data-problem={hasProblem(line)} data-open={open}>
        <td role="cell" class="time">
          <time dateTime={line.at}>{preciseTime(line.at, timezone.value)}</time>
        </td>
        <td role="cell" class="way">
          <span aria-hidden="true" title={directionText(line)}>
            {arrowOf(line)}
          </span>
          <span class="hidden-text">{directionText(line)}</span>
          {place && <span class="soft small"> {place}</span>}
        </td>
        <td role="cell" class="name">
          {line.kind === "noise" ? say("device.noise") : line.name}
        </td>
        <td role="cell" class="text">
          {line.words && <span class="content">{line.words}</span>}
          {line.reason && <span class="reason">{line.reason}</span>}
        </td>
        <td role="cell" class="number length">
          <button
            type="button"
            class="bare"
            aria-expanded={open}
            title={say("device.show_bytes")}
            onClick={() => setOpen(!open)}
          >
            {say("device.length_bytes", { count: line.length })}
            <span class="hidden-text">, {say("device.show_bytes")}</span>
          </button>
        </td>
      </tr>
      {open && (
        <tr role="row" class="opened">
          <td role="cell" colSpan={5}>
            <OpenBytes line={line} path={path} />
          </td>
        </tr>
      )}
    </>
  );
}

/** What the bytes of an opened line are: asked for when it is opened, and kept. */
function OpenBytes({ line, path }: { line: WireLine; path: string }) {
  const [parts, setParts] = useState<WireLine["parts"]>();
  const { value, error } = usePolled<WireLine[]>(parts ? undefined : path, 0, { limit: LIMIT + MARGIN, parts: "true" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the first answer that has them
  useEffect(() => {
    if (value && !parts) setParts(partsOf(value, line) ?? []);
  }, [value]);
  if (parts?.length && !error) return <FrameDetail frame={{ ...line, parts }} />;
  return <code class="plain-bytes">{hexText(line.hex)}</code>;
}

function Copy({ shown }: { shown: readonly Shown[] }) {
  const [text, setText] = useState("");
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => setText(""), 4_000);
    return () => clearTimeout(timer);
  }, [text]);
  const copy = async () => {
    if (!shown.length) return;
    setText(say((await copied(asJson(shown))) ? "device.copied" : "device.not_copied"));
  };
  return (
    <>
      <button type="button" aria-disabled={shown.length ? undefined : true} onClick={() => void copy()}>
        {say("device.copy")}
      </button>
      <span class="soft small" role="status">
        {text}
      </span>
    </>
  );
}

/** `14:03:12.045`: frames are milliseconds apart. */
function preciseTime(at: string, zone: string): string {
  const moment = Date.parse(at);
  return `${clockText(moment / 1000, zone)}.${String(((moment % 1000) + 1000) % 1000).padStart(3, "0")}`;
}
