/** How long values are kept: the rules, what each keeps, and what will be deleted, when. */
import { useEffect, useState } from "preact/hooks";

import type { components } from "../api";
import { devices, now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { nameOf } from "../devices/points";
import { titleOf } from "../devices/names";
import { Notice } from "../parts/notice";
import { formatter, timeText } from "../text/format";
import { say, type Id } from "../text/words";
import { Row } from "./row";
import { TableRows, type ItemText } from "./table-form";
import type { Table } from "./tables";
import { bytesText } from "./text";

type Schemas = components["schemas"];
type View = Schemas["RetentionView"];
type Rule = Schemas["KeptRule"];
type Span = Schemas["KeptSpan"];

const POLL_MS = 30_000;

/** `table`: [[retention]], where it may be seen; `revision`: of the configuration. */
export function Retention({
  table,
  revision,
  bar,
}: {
  table: Table | undefined;
  revision: string | undefined;
  bar: string;
}) {
  const { value, error, again } = usePolled<View>("/api/retention", POLL_MS);
  useEffect(again, [again, revision]);
  const [isOpen, setIsOpen] = useState(false);
  const word = say(isOpen ? "settings.close" : "settings.show");
  return (
    <>
      {value?.state === "announced" && (
        <div class="whole">
          <Notice>{stateText(value)}</Notice>
        </div>
      )}
      <Row
        title={say("settings.kept")}
        text={value?.state === "announced" ? "" : value ? stateText(value) : say("settings.kept_help")}
        name="kept"
        below={isOpen && value && <Kept view={value} />}
      >
        {value && (
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={`${word}: ${say("settings.retention_show")}`}
            onClick={() => setIsOpen(!isOpen)}
          >
            {word}
          </button>
        )}
      </Row>
      {error && (
        <div class="whole">
          <Notice kind="fault" again={again}>
            {error}
          </Notice>
        </div>
      )}
      {table && <TableRows table={table} bar={bar} texts={value && textsOf(table, value)} />}
    </>
  );
}

/** What each rule of the table says, where the hub has it. */
function textsOf({ items }: Table, { rules }: View): Readonly<Record<string, ItemText>> {
  return Object.fromEntries(
    items.flatMap(({ item, keys }): [string, ItemText][] => {
      const rule = rules.find((one) => one.device === (keys.device ?? "") && one.point === (keys.point ?? ""));
      const kept = rule?.spans
        .filter((one, place) => !place || one.keeps !== "forever")
        .map((one) => `${say(`settings.retention_${one.name}`)}: ${keepsText(one.keeps)}`);
      const none = rule?.points ? [] : [say("settings.retention_none")];
      return rule && kept ? [[item, { text: [ruleTitle(rule), ...kept, ...none].join(" · "), isFaulty: false }]] : [];
    }),
  );
}

/** What will be deleted, in one sentence. */
export function stateText(view: View): string {
  const size = bytesText(view.frees_bytes);
  const time = view.begins ? timeText(Date.parse(view.begins) / 1000, now.peek(), timezone.value) : "";
  if (view.state === "off") return say("settings.kept_help");
  if (view.state === "due") return say("settings.retention_due", { size });
  if (view.state === "announced") return say("settings.retention_announced", { size, time });
  if (view.state === "deleting") return say("settings.retention_deleting", { size, time });
  const next = view.rules.flatMap(({ spans }) => spans.map((one) => one.next ?? "")).filter(Boolean);
  return next.length
    ? say("settings.retention_next", { day: dayText(next.sort()[0] ?? "") })
    : say("settings.retention_idle");
}

function Kept({ view }: { view: View }) {
  return (
    <>
      <p class="small soft">{say("settings.retention_show_help")}</p>
      {view.rules.map((rule) => (
        <RuleTable key={`${rule.device} ${rule.point}`} rule={rule} title={ruleTitle(rule)} />
      ))}
      {view.others && (
        <RuleTable
          rule={view.others}
          title={say(view.rules.length ? "settings.retention_others" : "settings.retention_all_points")}
        />
      )}
      {view.free_bytes > 0 && (
        <p class="small soft">{say("settings.retention_free", { size: bytesText(view.free_bytes) })}</p>
      )}
    </>
  );
}

function RuleTable({ rule, title }: { rule: Rule; title: string }) {
  if (!rule.points) {
    return (
      <p>
        <b>{title}</b> <span class="small soft">{say("settings.retention_none")}</span>
      </p>
    );
  }
  return (
    <div class="scrolls kept" tabIndex={0} role="region" aria-label={title}>
      <table class="data">
        <caption class="small">{title}</caption>
        <thead>
          <tr>
            {(
              [
                "settings.retention_span",
                "settings.retention_keeps",
                "settings.retention_stored",
                "settings.retention_deleted",
              ] as const
            ).map((id) => (
              <th key={id} scope="col">
                {say(id)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rule.spans.map((span) => (
            <tr key={span.name}>
              <th scope="row">{say(`settings.retention_${span.name}`)}</th>
              <td>{keepsText(span.keeps)}</td>
              <td>{storedText(span)}</td>
              <td>{deletedText(span)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ruleTitle({ device, point }: Rule): string {
  const known = devices.value.find((one) => one.id === device || one.identity === device);
  return say("settings.retention_of", {
    point: point ? nameOfPoint(point) : say("settings.retention_all_points"),
    device: device ? (known ? nameOf(known) : device) : say("settings.retention_all_devices"),
  });
}

function nameOfPoint(key: string): string {
  const point = devices.value.flatMap(({ points }) => points).find((one) => one.key === key);
  return point ? titleOf(point) : key;
}

/** `1 year`, `90 days`, `forever`, as the hub says it. */
export function keepsText(keeps: string): string {
  const [count = "", unit = ""] = keeps.split(" ");
  if (!unit) return say("settings.retention_forever");
  const id = `settings.retention_${unit.replace(/s$/, "")}`;
  return say((count === "1" ? `${id}_one` : id) as Id, { count });
}

function storedText({ since, bytes }: Span): string {
  return since
    ? say("settings.retention_since", { size: bytesText(bytes), day: dayText(since) })
    : say("settings.retention_nothing");
}

function deletedText(span: Span): string {
  const texts = [
    span.before
      ? say("settings.retention_frees", { day: dayText(span.before), size: bytesText(span.frees_bytes) })
      : "",
    span.next ? say("settings.retention_from", { day: dayText(span.next) }) : "",
    span.gone ? say("settings.retention_gone", { day: dayText(span.gone) }) : "",
  ];
  return texts.filter(Boolean).join("; ") || say("settings.retention_nothing");
}

function dayText(time: string): string {
  return formatter(timezone.value, { day: "numeric", month: "short", year: "numeric" }).format(Date.parse(time));
}
