/** The log of a board: the lines that it prints by itself, live, newest first, with a filter. */
import { useEffect, useMemo, useState } from "preact/hooks";

import { clockText } from "../../../text/format";
import { timezone } from "../../../data/live";
import { Notice } from "../../../parts/notice";
import { usePolled } from "../../../data/polled";
import type { Device, WireLine } from "../../../data/shapes";
import { say } from "../../../text/words";
import { filtered, logLines, merged, type LogFilter, type LogLine } from "./log";

const LIMIT = 300; // frames of one poll
const FOLLOW_MS = 2_000;
const LEAST: readonly LogFilter["least"][] = ["all", "warning", "error"];

export function BoardLog({ device }: { device: Device }) {
  const [follow, setFollow] = useState(true);
  const [filter, setFilter] = useState<LogFilter>({ text: "", least: "all" });
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const path = `/api/devices/${encodeURIComponent(device.id)}/frames`;
  const { value, error, again } = usePolled<WireLine[]>(path, follow ? FOLLOW_MS : 0, { limit: LIMIT });
  useEffect(() => {
    if (value) setLines((known) => merged(known, logLines(value)));
  }, [value]);
  const shown = useMemo(() => filtered(lines, filter), [lines, filter]);
  return (
    <section class="board-log" aria-labelledby="board-log">
      <h2 id="board-log">{say("console.log")}</h2>
      <div class="row-of tools">
        <button type="button" class="chip" aria-pressed={follow} onClick={() => setFollow(!follow)}>
          {say("device.follow")}
        </button>
        <select
          aria-label={say("console.level")}
          value={filter.least}
          onChange={(event) => setFilter({ ...filter, least: event.currentTarget.value as LogFilter["least"] })}
        >
          {LEAST.map((least) => (
            <option key={least} value={least}>
              {say(`console.level_${least}`)}
            </option>
          ))}
        </select>
        <input
          type="search"
          value={filter.text}
          placeholder={say("device.filter")}
          aria-label={say("console.filter")}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <p class="soft small">
        {value ? say("device.frames_shown", { shown: shown.length, all: lines.length }) : "\u00a0"}
      </p>
      {value && !shown.length && <p class="soft">{say(lines.length ? "console.no_match" : "console.no_log")}</p>}
      {shown.length > 0 && <Lines shown={shown} />}
    </section>
  );
}

function Lines({ shown }: { shown: readonly LogLine[] }) {
  return (
    <div class="log-lines" tabIndex={0} role="region" aria-label={say("console.log_lines")}>
      <ol>
        {shown.map((line) => (
          <li key={line.key} data-level={line.level}>
            <time class="soft" dateTime={line.at}>
              {clockText(Date.parse(line.at) / 1000, timezone.value)}
            </time>
            <span class="level">{line.level && say(`console.${line.level}`)}</span>
            <span class="source soft">{line.source}</span>
            <span class="message">{line.text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
