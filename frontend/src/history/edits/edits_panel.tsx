/** The edits of one device in a period, with undo, and the form that makes one. */
import { useEffect, useRef, useState } from "preact/hooks";

import { HubError } from "../../data/http";
import { now, role, timezone } from "../../data/live";
import type { Device, Point } from "../../data/shapes";
import { titleOf } from "../../devices/names";
import { Notice } from "../../parts/notice";
import { amountText } from "../../text/format";
import { say } from "../../text/words";
import { useAnswer } from "../answers";
import { spanText, type Span } from "../../time/calendar";
import {
  bodyOf,
  editablePoints,
  editsPlace,
  effectText,
  fieldTime,
  isCounter,
  propose,
  undo,
  type Draft,
  type EditPreview,
  type HistoryEdit,
} from "./edits";
import "./edits.css";

export type EditsProps = Readonly<{ device: Device; span: Span; point: string }>;

export function EditsPanel({ device, span, point }: EditsProps) {
  const { answer, error, again } = useAnswer<readonly HistoryEdit[]>(
    editsPlace(device.id, { start: span.start, end: span.end }),
    0,
  );
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState("");
  const zone = timezone.value;
  const take = (number: number) => {
    setProblem("");
    undo(device.id, number).catch((error: unknown) => setProblem(messageOf(error)));
  };
  const edits = answer ?? [];
  const isAllowed = role.value === "control";
  return (
    <section class="panel edits" aria-label={say("edits.title")}>
      <div class="row-of">
        <h2>{say("edits.title")}</h2>
        {isAllowed && (
          <button type="button" onClick={() => setOpen(true)}>
            {say("edits.make")}
          </button>
        )}
      </div>
      {(error || problem) && (
        <Notice kind="fault" again={error ? again : undefined}>
          {error || problem}
        </Notice>
      )}
      {answer && !edits.length && <p class="small soft">{say("edits.none")}</p>}
      {edits.length > 0 && (
        <ul class="edits-list">
          {edits.map((one) => (
            <li key={one.number} data-undone={Boolean(one.undone_at) || undefined}>
              <div>
                <b>{nameOfPoint(device, one.point)}</b> {effectText(one, device)}
                <span class="small soft">
                  {spanText({ start: Date.parse(one.start) / 1000, end: Date.parse(one.end) / 1000 }, zone)} ·{" "}
                  <bdi>{one.reason}</bdi>
                  {one.undone_at ? ` · ${say("edits.undone")}` : ""}
                </span>
              </div>
              {isAllowed && !one.undone_at && (
                <button
                  type="button"
                  aria-label={say("edits.undo_label", { number: one.number })}
                  onClick={() => take(one.number)}
                >
                  {say("edits.undo")}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {isOpen && <EditDialog device={device} span={span} point={point} close={() => setOpen(false)} />}
    </section>
  );
}

function EditDialog({ device, span, point, close }: EditsProps & Readonly<{ close: () => void }>) {
  const zone = timezone.value;
  const points = editablePoints(device);
  const first = points.find((one) => one.key === point)?.key ?? points[0]?.key ?? "";
  const [draft, setDraft] = useState<Draft>(() => ({
    point: first,
    from: fieldTime(span.start, zone),
    to: fieldTime(Math.min(span.end, now.peek()), zone),
    how: "void",
    value: "",
    reason: "",
  }));
  const [preview, setPreview] = useState<EditPreview>();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const change = (part: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...part }));
    setPreview(undefined);
    setProblem("");
  };
  const send = async (isDry: boolean) => {
    const body = bodyOf(draft, device, zone, isDry);
    if (typeof body === "string") return setProblem(say(body));
    setBusy(true);
    setProblem("");
    try {
      const found = await propose(device.id, body);
      if (isDry) setPreview(found);
      else dialog.current?.close();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send(!preview);
  };
  return (
    <dialog ref={dialog} class="confirm edit-dialog" aria-labelledby="edit-title" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="edit-title">{say("edits.make")}</h2>
        <DraftFields {...{ device, points, draft, change }} />
        {draft.how === "value" && <ValueField {...{ device, points, draft, change }} />}
        <label class="field">
          <span>{say("edits.reason")}</span>
          <input
            required
            maxLength={300}
            value={draft.reason}
            onInput={(event) => setDraft({ ...draft, reason: event.currentTarget.value })}
          />
        </label>
        <div aria-live="polite">
          {preview && <p class="small">{previewText(preview)}</p>}
          {problem && <Notice kind="fault">{problem}</Notice>}
        </div>
        <p class="small soft">{say("edits.hint")}</p>
        <div class="row-of">
          <button type="button" onClick={() => dialog.current?.close()}>
            {say("device.cancel")}
          </button>
          <button type="submit" class="main" disabled={isBusy}>
            {say(preview ? "edits.do" : "edits.preview")}
          </button>
        </div>
      </form>
    </dialog>
  );
}

type DraftProps = Readonly<{
  device: Device;
  points: readonly Point[];
  draft: Draft;
  change: (part: Partial<Draft>) => void;
}>;

/** What is corrected, from when to when, and how. */
function DraftFields({ device, points, draft, change }: DraftProps) {
  const isSwitch = pointOfDraft(points, draft)?.kind === "switch";
  return (
    <>
      <label class="field">
        <span>{say("edits.point")}</span>
        <select
          value={draft.point}
          onChange={(event) => change({ point: event.currentTarget.value, how: "void", value: "" })}
        >
          {points.map((one) => (
            <option key={one.key} value={one.key}>
              {titleOf(one)}
            </option>
          ))}
        </select>
      </label>
      <div class="edit-range">
        <label class="field">
          <span>{say("edits.from")}</span>
          <input
            type="datetime-local"
            required
            value={draft.from}
            onInput={(event) => change({ from: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>{say("edits.to")}</span>
          <input
            type="datetime-local"
            required
            value={draft.to}
            onInput={(event) => change({ to: event.currentTarget.value })}
          />
        </label>
      </div>
      <label class="field">
        <span>{say("edits.how")}</span>
        <select value={draft.how} onChange={(event) => change({ how: event.currentTarget.value as Draft["how"] })}>
          <option value="void">{say("edits.how_void")}</option>
          <option value="value">{say(isCounter(device, draft.point) ? "edits.how_energy" : "edits.how_value")}</option>
          {!isSwitch && (
            <option value="estimate">
              {say(isCounter(device, draft.point) ? "edits.how_days" : "edits.how_line")}
            </option>
          )}
        </select>
      </label>
    </>
  );
}

/** The value that takes the place of what was measured. */
function ValueField({ device, points, draft, change }: DraftProps) {
  const point = pointOfDraft(points, draft);
  if (point?.kind === "switch")
    return (
      <label class="field">
        <span>{say("edits.value")}</span>
        <select value={draft.value || "off"} onChange={(event) => change({ value: event.currentTarget.value })}>
          <option value="off">{say("app.off")}</option>
          <option value="on">{say("app.on")}</option>
        </select>
      </label>
    );
  return (
    <label class="field">
      <span>
        {isCounter(device, draft.point) ? say("edits.energy_kWh") : say("edits.value_in", { unit: point?.unit || "1" })}
      </span>
      <input
        inputMode="decimal"
        required
        value={draft.value}
        onInput={(event) => change({ value: event.currentTarget.value })}
      />
    </label>
  );
}

function pointOfDraft(points: readonly Point[], draft: Draft): Point | undefined {
  return points.find((one) => one.key === draft.point);
}

function previewText(preview: EditPreview): string {
  const text = say("edits.changes", { readings: preview.readings, days: preview.days });
  if (preview.Wh_before === null && preview.Wh_after === null) return text;
  const shown = (Wh: number | null) => (Wh === null ? say("edits.unknown") : amountText(Wh));
  return `${text} ${say("edits.energy_changes", { before: shown(preview.Wh_before), after: shown(preview.Wh_after) })}`;
}

function nameOfPoint(device: Device, key: string): string {
  const point = device.points.find((one) => one.key === key);
  return point ? titleOf(point) : key;
}

function messageOf(error: unknown): string {
  return error instanceof HubError ? error.message : String(error);
}
