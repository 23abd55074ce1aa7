/**
 * The forms of a setting: what it is called and what it means on the left, its control on the right. Each saves itself.
 */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

import { Row as SettingRow, type RowProps } from "../../settings/row";
import { say } from "../../text/words";
import type { Change, Keys } from "./configuration";
import { overtaken, rebased, typed, type Draft } from "./drafts";
import { SavingNote, useSaving, type Saving } from "./saving";

/** A row of the Settings page; `saving`: of its key. */
export function Row({ saving, ...row }: RowProps & { saving?: Saving }) {
  return <SettingRow {...row} note={saving && <SavingNote saving={saving} />} />;
}

/** What all settings of the file need: the device, and why it cannot be saved now ("" = it can). */
export type Common = { device: string; bar: string };

type ToggleProps = Common & {
  title: string;
  text: ComponentChildren;
  isOn: boolean;
  keysFor: (isOn: boolean) => Keys;
  name: string;
};

export function Toggle({ device, bar, title, text, isOn, keysFor, name }: ToggleProps) {
  const saving = useSaving(device);
  return (
    <Row title={title} text={text} name={name} saving={saving}>
      <button
        type="button"
        class="switch"
        aria-label={title}
        aria-pressed={isOn}
        aria-busy={saving.busy}
        aria-disabled={bar ? true : undefined}
        title={bar || undefined}
        onClick={() => void (bar || saving.save(keysFor(!isOn)))}
      >
        <span class="track" />
      </button>
    </Row>
  );
}

type ChoiceProps = Common & {
  title: string;
  text: ComponentChildren;
  value: string;
  options: readonly (readonly [string, string])[];
  keysFor: (value: string) => Keys;
  name: string;
};

/** A list: saved as soon as another entry is chosen. */
export function Choice({ device, bar, title, text, value, options, keysFor, name }: ChoiceProps) {
  const saving = useSaving(device);
  return (
    <Row title={title} text={text} name={name} isStacked saving={saving}>
      <select
        aria-label={title}
        value={value}
        disabled={bar !== ""}
        aria-busy={saving.busy}
        title={bar || undefined}
        onChange={(event) => {
          const select = event.currentTarget;
          void saving.save(keysFor(select.value)).then((done) => {
            if (done?.state !== "saved") select.value = value;
          });
        }}
      >
        {options.map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
    </Row>
  );
}

type TextProps = Common & {
  title: string;
  text: ComponentChildren;
  value: string;
  keysFor: (text: string) => Keys;
  name: string;
  unit?: string;
  isNumber?: boolean;
  hint?: string;
  /** Why the text cannot be saved; "" if it can. */
  check?: (text: string) => string;
  onSaved?: (change: Change) => void;
};

/** A text or a number: saved with a button or with Return, and never on top of what others saved meanwhile. */
export function TextSetting({
  device,
  bar,
  title,
  text,
  value,
  keysFor,
  name,
  unit,
  isNumber = false,
  hint,
  check,
  onSaved,
}: TextProps) {
  const id = useId();
  const saving = useSaving(device);
  const [draft, setDraft] = useState<Draft>();
  const [problem, setProblem] = useState("");
  const conflict = overtaken(draft, value);
  const shown = draft?.text ?? value;
  const save = async (one: Draft) => {
    const wrong = check?.(one.text) ?? "";
    setProblem(wrong);
    if (wrong || bar) return;
    const done = await saving.save(keysFor(one.text));
    if (done?.state !== "saved") return;
    setDraft(undefined);
    onSaved?.(done.change);
  };
  const drop = () => {
    setDraft(undefined);
    setProblem("");
    saving.forget();
  };
  return (
    <Row title={title} text={text} name={name} isStacked {...(conflict ? {} : { saving })}>
      <form
        class="text-setting"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (draft && !conflict) void save(draft);
        }}
      >
        <span class="with-unit">
          <input
            type="text"
            inputMode={isNumber ? "decimal" : undefined}
            aria-label={title}
            aria-invalid={problem !== ""}
            aria-describedby={`${id}-note`}
            value={shown}
            placeholder={hint}
            maxLength={200}
            autoComplete="off"
            disabled={bar !== ""}
            title={bar || undefined}
            onInput={(event) => {
              setDraft(typed(draft, value, event.currentTarget.value));
              setProblem("");
            }}
          />
          {unit && <span class="soft">{unit}</span>}
        </span>
        {draft && !conflict && (
          <span class="row-of">
            <button type="submit" class="main" aria-busy={saving.busy} aria-disabled={saving.busy ? true : undefined}>
              {say("device.save")}
            </button>
            <button type="button" onClick={drop}>
              {say("device.cancel")}
            </button>
          </span>
        )}
        <div id={`${id}-note`} class="conflict" role="alert">
          {problem && <p class="problem">{problem}</p>}
          {draft && conflict && (
            <>
              <p>
                {say("device.changed_meanwhile", {
                  name: title,
                  was: conflict.was || say("device.nothing_set"),
                  now: conflict.now || say("device.nothing_set"),
                })}
              </p>
              <span class="row-of">
                <button type="button" onClick={drop}>
                  {say("device.keep_theirs", { value: conflict.now || say("device.nothing_set") })}
                </button>
                <button
                  type="button"
                  onClick={() => {
                    const mine = rebased(draft, value);
                    setDraft(mine);
                    void save(mine);
                  }}
                >
                  {say("device.save_mine", { value: draft.text || say("device.nothing_set") })}
                </button>
              </span>
            </>
          )}
        </div>
      </form>
    </Row>
  );
}
