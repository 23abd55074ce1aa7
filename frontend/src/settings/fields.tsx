/** The control of one key, as the hub describes it: a switch, a number, a text, a secret, a choice, a list. */
import { useId } from "preact/hooks";

import { devices } from "../data/live";
import { nameOf } from "../devices/points";
import { say } from "../text/words";
import type { Field } from "./tables";
import { draftOf, HIDDEN, listOf, problemOf } from "./values";

type Props = {
  field: Field;
  /** What the file has, and what was typed. */
  value: unknown;
  draft: string | undefined;
  change: (draft: string) => void;
  isBarred: boolean;
  showsProblem: boolean;
};

const OF_DEVICES = new Set(["devices", "hide"]); // keys that are lists of ids

export function FieldRow(props: Props) {
  const { field, draft, showsProblem } = props;
  const id = useId();
  const problem = showsProblem && draft !== undefined ? problemOf(field, draft) : "";
  const isList = field.kind === "list" && optionsOf(field).length > 0;
  return (
    <div class={isList ? "whole" : "stack"} data-key={field.key}>
      <div>
        {isList ? <b id={id}>{field.name || field.key}</b> : <label for={id}>{field.name || field.key}</label>}
        {field.help && <p class="small soft">{field.help}</p>}
        {problem && (
          <p class="small problem" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
      </div>
      <Control {...props} id={id} problem={problem} />
    </div>
  );
}

type ControlProps = Props & { id: string; problem: string };

function Control(props: ControlProps) {
  const { field, value, draft, change, isBarred, id, problem } = props;
  const shown = draft ?? draftOf(value);
  const common = {
    id,
    disabled: isBarred,
    "aria-invalid": problem ? true : undefined,
    "aria-describedby": problem ? `${id}-problem` : undefined,
  } as const;
  if (field.kind === "flag") return <Flag {...props} />;
  if (field.kind === "choice")
    return (
      <select
        {...common}
        value={draft ?? String(value ?? field.default ?? "")}
        onChange={(event) => change(event.currentTarget.value)}
      >
        {field.options.map((one, index) => (
          <option key={one} value={one}>
            {field.option_names[index] || one}
          </option>
        ))}
      </select>
    );
  if (field.kind === "list" && optionsOf(field).length) return <Checks {...props} />;
  if (field.kind === "map") return <code>{shown || "–"}</code>;
  const input = {
    ...common,
    value: shown,
    onInput: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value),
  };
  if (field.kind === "secret" && field.key !== "url")
    return (
      <input
        {...input}
        type="password"
        autocomplete="new-password"
        placeholder={value === HIDDEN ? say("settings.secret_kept") : ""}
      />
    );
  const mode = field.kind === "number" ? ({ inputMode: "decimal" } as const) : {};
  return (
    <input
      {...input}
      {...mode}
      type="text"
      autocomplete="off"
      spellcheck={false}
      placeholder={value === HIDDEN ? say("settings.secret_kept") : draftOf(field.default)}
    />
  );
}

function Flag({ field, value, draft, change, isBarred, id }: ControlProps) {
  const isOn = (draft ?? String(value ?? field.default ?? false)) === "true";
  return (
    <button
      type="button"
      id={id}
      class="switch"
      aria-pressed={isOn}
      aria-disabled={isBarred || undefined}
      onClick={() => !isBarred && change(String(!isOn))}
    >
      <span class="track" />
    </button>
  );
}

function Checks({ field, value, draft, change, isBarred, id }: ControlProps) {
  const chosen = draft === undefined ? ((value ?? field.default ?? []) as string[]) : listOf(draft);
  const toggle = (one: string) =>
    change((chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]).join(", "));
  return (
    <div class="checks" role="group" aria-labelledby={id}>
      {optionsOf(field).map(([one, name]) => (
        <label key={one} class="check">
          <input type="checkbox" checked={chosen.includes(one)} disabled={isBarred} onChange={() => toggle(one)} />
          <span>{name}</span>
        </label>
      ))}
    </div>
  );
}

/** What may be chosen of a list, with its name: what the hub says, or the devices of the home. */
function optionsOf(field: Field): readonly (readonly [string, string])[] {
  if (field.options.length) return field.options.map((one, index) => [one, field.option_names[index] || one] as const);
  return OF_DEVICES.has(field.key)
    ? devices.value.filter((one) => one.state !== "seen").map((one) => [one.id, nameOf(one)] as const)
    : [];
}
