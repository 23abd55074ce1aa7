/** The infrared codes that a gateway keeps: a button for each, and learning, renaming, deleting, texts in and out. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { now, role } from "../../data/live";
import { Submit } from "../../parts/attempt";
import { Notice } from "../../parts/notice";
import type { Device } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";
import { copied } from "../../text/copy";
import { barOf, offers } from "../gateway/gateway-facts";
import { CODE_FORMS, codesOf, exported, LEARN_S, learningLeft, nameProblem, type ExportedCode } from "./infrared-codes";
import { run, runOf } from "../actions/runs";
import "./infrared.css";

export function Infrared({ device }: { device: Device }) {
  const [edited, setEdited] = useState<string>();
  const dialog = useRef<HTMLDialogElement>(null);
  const codes = codesOf(device);
  const mayChange = role.value !== "read";
  useLayoutEffect(() => {
    if (edited !== undefined) dialog.current?.showModal();
  }, [edited]);
  return (
    <section class="infrared" aria-labelledby="infrared">
      <h2 id="infrared">{say("infrared.title")}</h2>
      {codes.length === 0 && <p class="soft">{say("infrared.none")}</p>}
      <Codes device={device} codes={codes} edit={mayChange ? setEdited : undefined} />
      {mayChange && offers(device, "learn_ir") && <Learn device={device} />}
      {mayChange && offers(device, "import_ir") && <Import device={device} codes={codes} />}
      <dialog ref={dialog} aria-labelledby="infrared-code" onClose={() => setEdited(undefined)}>
        {edited !== undefined && (
          <Code key={edited} device={device} name={edited} codes={codes} close={() => dialog.current?.close()} />
        )}
      </dialog>
    </section>
  );
}

type CodesProps = { device: Device; codes: readonly string[]; edit: ((name: string) => void) | undefined };

/** A button for each code, and the outcome of the last one that was pressed. */
function Codes({ device, codes, edit }: CodesProps) {
  const [sent, setSent] = useState("");
  const last = runOf(device.id, "send_ir").value;
  const busy = last?.state === "running";
  const bar = barOf(device, role.value);
  const send = (name: string) => {
    if (bar || busy) return;
    setSent(name);
    void run(device.id, "send_ir", { names: name }, true);
  };
  return (
    <>
      <ul class="codes">
        {codes.map((name) => (
          <li key={name}>
            <button
              type="button"
              class="send"
              aria-label={say("infrared.send", { name })}
              aria-busy={busy && sent === name}
              aria-disabled={bar || busy ? true : undefined}
              title={bar || undefined}
              onClick={() => send(name)}
            >
              {name}
            </button>
            {edit && (
              <button
                type="button"
                class="more"
                aria-label={say("infrared.edit", { name })}
                title={say("infrared.edit", { name })}
                onClick={() => edit(name)}
              >
                <span aria-hidden="true">⋯</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {bar && <p class="soft small">{bar}</p>}
      <div role="status">
        {sent && last?.state === "done" && <p class="soft">{say("infrared.sent", { name: sent })}</p>}
        {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
      </div>
    </>
  );
}

/** When the learning under way began, by gateway. */
const learningSince = new Map<string, number>();

function Learn({ device }: { device: Device }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const last = runOf(device.id, "learn_ir").value;
  const busy = last?.state === "running";
  const bar = barOf(device, role.value);
  const learn = async (event: Event) => {
    event.preventDefault();
    if (bar || busy) return;
    const wrong = nameProblem(name, codesOf(device));
    setProblem(wrong);
    if (wrong) return;
    learningSince.set(device.id, now.peek());
    await run(device.id, "learn_ir", { name: name.trim() }, true);
    if (runOf(device.id, "learn_ir").peek()?.state === "done") setName("");
  };
  const left = learningLeft(learningSince.get(device.id) ?? now.value, now.value);
  return (
    <form class="learn" noValidate onSubmit={(event) => void learn(event)}>
      <h3>{say("infrared.learn_title")}</h3>
      <div class="with-button">
        <NameField value={name} set={setName} invalid={problem !== ""} />
        <button type="submit" aria-busy={busy} aria-disabled={bar || busy ? true : undefined} title={bar || undefined}>
          {say("infrared.learn")}
        </button>
      </div>
      {problem && <Problem text={problem} />}
      {busy && (
        <>
          <p role="timer">{say("infrared.learning", { left })}</p>
          <progress max={LEARN_S} value={LEARN_S - left} aria-label={say("device.progress")} />
        </>
      )}
      <div role="status">
        {last?.state === "done" && <p class="soft">{last.text}</p>}
        {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
      </div>
    </form>
  );
}

function Import({ device, codes }: { device: Device; codes: readonly string[] }) {
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState("");
  const last = runOf(device.id, "import_ir").value;
  const busy = last?.state === "running";
  const add = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const wrong = nameProblem(name, codes);
    setProblem(wrong);
    if (wrong) return;
    await run(device.id, "import_ir", { name: name.trim(), code }, true);
    if (runOf(device.id, "import_ir").peek()?.state === "failed") return;
    setName("");
    setCode("");
  };
  return (
    <details class="plain">
      <summary>{say("infrared.import")}</summary>
      <form class="learn" noValidate onSubmit={(event) => void add(event)}>
        <NameField value={name} set={setName} invalid={problem !== ""} />
        <label class="field">
          <span>{say("infrared.code_text")}</span>
          <textarea
            rows={4}
            spellcheck={false}
            autoComplete="off"
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
        <div>
          <button type="submit" aria-busy={busy} aria-disabled={busy ? true : undefined}>
            {say("infrared.import_now")}
          </button>
        </div>
        {problem && <Problem text={problem} />}
        <div role="status">
          {last?.state === "done" && <p class="soft">{last.text}</p>}
          {last?.state === "failed" && <Notice kind="fault">{last.text}</Notice>}
        </div>
      </form>
    </details>
  );
}

type CodeProps = { device: Device; name: string; codes: readonly string[]; close: () => void };

/** A dialog for one code: its name, its text, its end. */
function Code({ device, name, codes, close }: CodeProps) {
  const [fresh, setFresh] = useState(name);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const change = async (action: string, args: Record<string, string>) => {
    if (busy) return;
    setBusy(true);
    await run(device.id, action, { name, ...args }, true);
    setBusy(false);
    const last = runOf(device.id, action).peek();
    if (last?.state === "failed") setProblem(last.text);
    else close();
  };
  const rename = (event: Event) => {
    event.preventDefault();
    const wrong = nameProblem(fresh, codes, name);
    setProblem(wrong);
    if (wrong) return;
    if (fresh.trim() === name) close();
    else void change("rename_ir", { new: fresh.trim() });
  };
  return (
    <div class="code">
      <h3 id="infrared-code">{name}</h3>
      {offers(device, "rename_ir") && (
        <form class="with-button" noValidate onSubmit={rename}>
          <NameField value={fresh} set={setFresh} invalid={problem !== ""} />
          <Submit busy={busy}>{say("device.save")}</Submit>
        </form>
      )}
      {problem && <Problem text={problem} />}
      {offers(device, "export_ir") && <Export device={device} name={name} />}
      <div class="row-of">
        <button type="button" onClick={close}>
          {say("infrared.close")}
        </button>
        {offers(device, "delete_ir") && (
          <button
            type="button"
            class="danger"
            aria-disabled={busy ? true : undefined}
            onClick={() => void change("delete_ir", {})}
          >
            {say("infrared.delete")}
          </button>
        )}
      </div>
    </div>
  );
}

/** The code as text, in a form that can be chosen. */
function Export({ device, name }: { device: Device; name: string }) {
  const [form, setForm] = useState<string>(CODE_FORMS[0]);
  const [code, setCode] = useState<ExportedCode>({ text: "", problem: "" });
  const [note, setNote] = useState("");
  useEffect(() => {
    let isCurrent = true;
    setNote("");
    void exported(device.id, name, form).then((fresh) => isCurrent && setCode(fresh));
    return () => {
      isCurrent = false;
    };
  }, [device.id, name, form]);
  const copy = async () => setNote(say((await copied(code.text)) ? "device.copied" : "device.not_copied"));
  return (
    <>
      <label class="field">
        <span>{say("infrared.form")}</span>
        <select value={form} onChange={(event) => setForm(event.currentTarget.value)}>
          {CODE_FORMS.map((one) => (
            <option key={one} value={one}>
              {sayIfKnown(`infrared.form_${one}`, one)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("infrared.export")}</span>
        <textarea readOnly rows={5} spellcheck={false} value={code.text} />
      </label>
      {code.problem && <Problem text={code.problem} />}
      <div class="row-of">
        <button type="button" onClick={() => void copy()}>
          {say("infrared.copy")}
        </button>
        <span class="soft" role="status">
          {note}
        </span>
      </div>
    </>
  );
}

type NameProps = { value: string; set: (value: string) => void; invalid: boolean };

function NameField({ value, set, invalid }: NameProps) {
  return (
    <label class="field">
      <span>{say("infrared.name")}</span>
      <input
        value={value}
        autoComplete="off"
        aria-invalid={invalid}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

function Problem({ text }: { text: string }) {
  return (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}
