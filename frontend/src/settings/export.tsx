/** Stored data as a file: what, of which device, from when to when, in which format. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { address, probe } from "../data/http";
import { devices } from "../data/live";
import { nameOf } from "../devices/points";
import { say, type Id } from "../text/words";
import {
  CONTENTS,
  exportQuery,
  FIRST,
  FORMATS,
  isInOrder,
  PERIODS,
  STEPS,
  type Content,
  type Export,
} from "./export-query";
import { Row } from "./row";
import { asked, Saved, useSave } from "./save";

export function ExportRow() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Row
      title={say("settings.export")}
      text={say("settings.export_help")}
      name="export"
      below={isOpen && <ExportForm />}
    >
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={`${say(isOpen ? "settings.close" : "settings.export_open")}: ${say("settings.export")}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {say(isOpen ? "settings.close" : "settings.export_open")}
      </button>
    </Row>
  );
}

function ExportForm() {
  const [draft, setDraft] = useState<Export>(FIRST);
  const save = useSave();
  const change = (part: Partial<Export>) => {
    save.forget();
    setDraft({ ...draft, ...part });
  };
  const place = address("/api/export", exportQuery(draft));
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isInOrder(draft)) return void save.run(async () => ({ isSaved: false, text: say("settings.export_order") }));
    void save.run(() =>
      asked(
        () => probe(place),
        () => download(place),
        say("settings.export_begun"),
      ),
    );
  };
  return (
    <form class="table-form export-form" onSubmit={submit}>
      <Choice
        id="export-content"
        name="settings.export_content"
        value={draft.content}
        change={(value) => change({ content: value as Content })}
      >
        {CONTENTS.map((one) => (
          <option key={one} value={one}>
            {say(`settings.export_${one}` as Id)}
          </option>
        ))}
      </Choice>
      <Choice
        id="export-device"
        name="settings.export_device"
        value={draft.device}
        change={(device) => change({ device })}
      >
        <option value="">{say("settings.export_all")}</option>
        {devices.value.map((one) => (
          <option key={one.id} value={one.id}>
            {nameOf(one)}
          </option>
        ))}
      </Choice>
      {draft.content === "readings" && (
        <Choice
          id="export-step"
          name="settings.export_step"
          value={String(draft.step)}
          change={(value) => change({ step: Number(value) })}
        >
          {STEPS.map((one) => (
            <option key={one} value={one}>
              {say(`settings.export_step_${one}` as Id)}
            </option>
          ))}
        </Choice>
      )}
      {draft.content === "energy" && (
        <Choice id="export-by" name="settings.export_by" value={draft.by} change={(by) => change({ by })}>
          {PERIODS.map((one) => (
            <option key={one} value={one}>
              {say(`settings.export_by_${one}` as Id)}
            </option>
          ))}
        </Choice>
      )}
      <Day id="export-from" name="settings.export_from" value={draft.from} change={(from) => change({ from })} />
      <Day id="export-to" name="settings.export_to" value={draft.to} change={(to) => change({ to })} />
      <Choice
        id="export-format"
        name="settings.export_format"
        value={draft.format}
        change={(format) => change({ format })}
      >
        {FORMATS.map((one) => (
          <option key={one} value={one}>
            {say(`settings.export_format_${one}` as Id)}
          </option>
        ))}
      </Choice>
      <div>
        <button type="submit" class="main" aria-busy={save.busy}>
          {say("settings.export_do")}
        </button>
        <Saved save={save} />
      </div>
    </form>
  );
}

type ChoiceProps = {
  id: string;
  name: Id;
  value: string;
  change: (value: string) => void;
  children: ComponentChildren;
};

function Choice({ id, name, value, change, children }: ChoiceProps) {
  return (
    <label class="field" for={id}>
      <span>{say(name)}</span>
      <select id={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
        {children}
      </select>
    </label>
  );
}

function Day({ id, name, value, change }: Omit<ChoiceProps, "children">) {
  return (
    <label class="field" for={id}>
      <span>{say(name)}</span>
      <input id={id} type="date" value={value} onInput={(event) => change(event.currentTarget.value)} />
    </label>
  );
}

/** Let the browser fetch a file, which it writes to the disk as it comes. */
export function download(place: string): void {
  const link = document.createElement("a");
  link.href = place;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}
