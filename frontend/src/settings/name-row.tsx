/** A name that is changed in its own row: a field, and a button once it differs. */
import { useState } from "preact/hooks";

import { say } from "../text/words";
import { Row } from "./row";
import { useSave, type Result } from "./save";

type NameRowProps = {
  id: string;
  title: string | undefined;
  text: string | undefined;
  value: string;
  name: string;
  change: (name: string) => Promise<Result>;
  placeholder?: string;
  bar?: string;
  isRequired?: boolean;
};

/** `name`: of the row, for tests. `bar`: why it cannot be changed, "" = it can. `isRequired`: it cannot be empty. */
export function NameRow({
  id,
  title,
  text,
  value,
  name,
  change,
  placeholder,
  bar = "",
  isRequired = false,
}: NameRowProps) {
  const save = useSave();
  const [draft, setDraft] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (bar || draft === undefined || (isRequired && !draft.trim())) return;
    if (await save.run(() => change(draft.trim()))) setDraft(undefined);
  };
  return (
    <Row title={<label for={id}>{title}</label>} text={text} isStacked save={save} name={name}>
      <form class="one-line" onSubmit={(event) => void submit(event)}>
        <input
          id={id}
          type="text"
          maxLength={200}
          value={draft ?? value}
          placeholder={placeholder}
          disabled={bar !== ""}
          title={bar || undefined}
          onInput={(event) => {
            save.forget();
            setDraft(event.currentTarget.value);
          }}
        />
        {draft !== undefined && draft !== value && (
          <button type="submit" class="main" aria-busy={save.busy}>
            {say("settings.save")}
          </button>
        )}
      </form>
    </Row>
  );
}
