/** The actions of a device. Dangerous ones require confirmation; progress is shown while an action runs. */
import { useRef, useState } from "preact/hooks";

import { bytesText } from "../../../settings/text";
import { role } from "../../../data/live";
import { nameOf } from "../../../devices/points";
import type { Action, Device } from "../../../data/shapes";
import { say, sayIfKnown } from "../../../text/words";
import { hasConsole, isConsoleAction } from "../console/commands";
import { JOINING_ACTIONS } from "../../gateway/gateway-facts";
import { INFRARED_ACTIONS } from "../../infrared/infrared-codes";
import { SCHEDULE_ACTIONS } from "../../schedule/rules";
import { FileField } from "./file-field";
import { Verdict } from "./firmware-report";
import { run, runOf, shownLines, type Run } from "../../actions/runs";
import { fileProblem, type Chosen } from "./uploads";
import { SECURITY_ACTIONS } from "../../security/security-state";
import { titled } from "../../../text/printable";

const ELSEWHERE: ReadonlySet<string> = new Set([
  ...SCHEDULE_ACTIONS,
  ...JOINING_ACTIONS,
  ...SECURITY_ACTIONS,
  ...INFRARED_ACTIONS,
]);

export function Actions({ device }: { device: Device }) {
  return (
    <section class="actions" aria-labelledby="actions">
      <h2 id="actions">{say("device.actions")}</h2>
      <ul>
        {shownActions(device).map((action) => (
          <li key={action.name}>
            <One device={device} action={action} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The actions that have no section of their own. */
export function shownActions(device: Device): readonly Action[] {
  return device.actions.filter(
    (action) => !ELSEWHERE.has(action.name) && !(hasConsole(device) && isConsoleAction(action.name)),
  );
}

function One({ device, action }: { device: Device; action: Action }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [args, setArgs] = useState<Record<string, string>>({});
  const [files, setFiles] = useState<Record<string, Chosen>>({});
  const [problem, setProblem] = useState("");
  const last = runOf(device.id, action.name).value;
  const bar = role.value === "read" ? say("app.read_only") : "";
  const busy = last?.state === "running";
  const go = (confirmed: boolean) =>
    void run(device.id, action.name, { ...filledIn(action, args), ...namesOf(files) }, confirmed);
  const press = (event: Event) => {
    event.preventDefault();
    if (bar || busy) return;
    const wrong = fileProblem(action.files ?? [], files, args.force?.trim() === "yes");
    setProblem(wrong);
    if (wrong) return;
    if (action.danger) dialog.current?.showModal();
    else go(false);
  };
  return (
    <form class="action" onSubmit={press}>
      <p>
        <strong>{actionTitle(action)}</strong>
      </p>
      {Object.entries(action.args).map(([name, text]) =>
        isFile(action, name) ? (
          <FileField
            key={name}
            device={device}
            name={name}
            label={[argumentTitle(name), text].filter(Boolean).join(": ")}
            isDisabled={bar !== ""}
            chosen={files[name]}
            onChosen={(chosen) => {
              setFiles((before) => withChosen(before, name, chosen));
              setProblem(chosen?.state === "failed" ? chosen.problem : "");
            }}
          />
        ) : (
          <label class="field" key={name}>
            <span>
              <strong>{argumentTitle(name)}</strong>
              {text && `: ${text}`}
            </span>
            <input
              name={name}
              value={args[name] ?? ""}
              autoComplete="off"
              onInput={(event) => setArgs({ ...args, [name]: event.currentTarget.value })}
            />
          </label>
        ),
      )}
      <button type="submit" aria-busy={busy} aria-disabled={bar || busy ? true : undefined} title={bar || undefined}>
        {say(action.danger ? "device.run_dangerous" : "device.run")}
        <span class="hidden-text">: {actionTitle(action)}</span>
      </button>
      {bar && <p class="soft small">{bar}</p>}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {last && <RunStatus last={last} />}
      {action.danger && (
        <dialog ref={dialog} aria-label={actionTitle(action)}>
          <h2>{say("device.confirm", { action: actionTitle(action), device: nameOf(device) })}</h2>
          <p>{action.danger}</p>
          {Object.entries(files).map(([name, file]) => (
            <div key={name} class="file">
              <p>{say("device.file_of", { file: file.title, size: bytesText(file.size) })}</p>
              {file.state === "ready" && <p>{file.file.firmware.text}</p>}
              {file.state === "ready" && <Verdict file={file.file} />}
            </div>
          ))}
          <div class="row-of">
            {/* biome-ignore lint/a11y/noAutofocus: the first focus in its dialog */}
            <button type="button" autoFocus onClick={() => dialog.current?.close()}>
              {say("device.cancel")}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                dialog.current?.close();
                go(true);
              }}
            >
              {say("device.yes", { action: actionTitle(action) })}
            </button>
          </div>
        </dialog>
      )}
    </form>
  );
}

/** Progress, messages and outcome of an action. */
function RunStatus({ last }: { last: Run }) {
  const { state, done, total, text } = last;
  const lines = shownLines(last);
  return (
    <div class="outcome" data-state={state}>
      {state === "running" && (
        <p class="progress">
          <progress {...(total ? { value: done, max: total } : {})} aria-label={say("device.progress")} />
          {total > 0 && (
            <span class="number">{say("device.percent", { percent: Math.floor((done / total) * 100) })}</span>
          )}
        </p>
      )}
      {lines.length > 0 && (
        <ol class="small soft">
          {lines.map((line, index) => (
            <li key={index}>{line}</li>
          ))}
        </ol>
      )}
      <p role="status">{state === "running" ? say("device.in_progress") : text}</p>
    </div>
  );
}

function isFile(action: Action, name: string): boolean {
  return (action.files ?? []).includes(name);
}

/** The names that the hub has given to the files. */
function namesOf(files: Readonly<Record<string, Chosen>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, one]) => (one.state === "ready" ? [[name, one.file.name]] : [])),
  );
}

/** An upload that ends after another file was chosen counts no more. */
function withChosen(files: Record<string, Chosen>, name: string, chosen: Chosen | undefined): Record<string, Chosen> {
  const { [name]: before, ...others } = files;
  if (chosen && chosen.state !== "uploading" && before?.state === "uploading" && before.title !== chosen.title)
    return files;
  return chosen ? { ...others, [name]: chosen } : others;
}

/** Empty arguments are omitted. */
function filledIn(action: Action, args: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.keys(action.args).map((name) => [name, (args[name] ?? "").trim()] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

function actionTitle(action: Action): string {
  return titled(action.words || action.name);
}

function argumentTitle(name: string): string {
  return sayIfKnown(`argument.${name}`, titled(name));
}
