/** A table of the hub, or an item of a list: a row that says what it does now, and opens a form of its keys. */
import { useState } from "preact/hooks";

import type { components } from "../api";
import type { Keys } from "../device/settings/configuration";
import { say } from "../text/words";
import { FieldRow } from "./fields";
import { Row } from "./row";
import { resultOf, Saved, useSave } from "./save";
import { changedKeys, changeTable, removeTable, type Field, type Place, type Table } from "./tables";
import { problemOf, titleOf } from "./values";

export type Publisher = components["schemas"]["PublisherView"];
/** What an item of a list says of itself now. */
export type ItemText = { text: string; isFaulty: boolean };
type Common = {
  table: Table;
  bar: string;
  state?: Publisher | undefined;
  texts?: Readonly<Record<string, ItemText>> | undefined;
};

/** A table, or all items of a list with a row to add one. */
export function TableRows({ table, bar, state, texts }: Common) {
  const name = table.name || table.table;
  if (!table.is_list) {
    const text = table.is_there || !table.is_optional ? (state?.text ?? table.help) : offText(table);
    return (
      <Editable
        title={name}
        text={text}
        table={table}
        place={{ table: table.table }}
        keys={table.keys}
        isThere={table.is_there}
        bar={bar}
        isFaulty={state?.state === "failed"}
      />
    );
  }
  return (
    <>
      {table.items.map(({ item, keys }) => (
        <Editable
          key={item}
          title={titleOf(keys, item, name)}
          text={texts?.[item]?.text ?? state?.text ?? table.help}
          table={table}
          place={{ table: table.table, item }}
          keys={keys}
          isThere
          bar={bar}
          isFaulty={texts?.[item]?.isFaulty ?? state?.state === "failed"}
        />
      ))}
      <Editable
        key="new"
        title={table.items.length ? say("settings.one_more", { what: name }) : name}
        text={table.items.length ? "" : offText(table)}
        table={table}
        place={{ table: table.table, item: "" }}
        keys={{}}
        isThere={false}
        bar={bar}
      />
    </>
  );
}

function offText({ help }: Table): string {
  return [say("settings.off"), help].filter(Boolean).join(" · ");
}

type EditableProps = {
  title: string;
  text: string;
  table: Table;
  place: Place;
  keys: Keys;
  isThere: boolean;
  bar: string;
  isFaulty?: boolean;
};

function Editable({ title, text, table, place, keys, isThere, bar, isFaulty = false }: EditableProps) {
  const [isOpen, setIsOpen] = useState(false);
  const word =
    isThere || !table.is_optional
      ? isOpen
        ? "settings.close"
        : "settings.change"
      : isOpen
        ? "settings.close"
        : "settings.set_up";
  return (
    <Row
      title={title}
      text={isFaulty ? <span class="problem">{text}</span> : text}
      name={table.table}
      below={
        isOpen && (
          <Form table={table} place={place} keys={keys} isThere={isThere} bar={bar} close={() => setIsOpen(false)} />
        )
      }
    >
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={`${say(word)}: ${title}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {say(word)}
      </button>
    </Row>
  );
}

type FormProps = { table: Table; place: Place; keys: Keys; isThere: boolean; bar: string; close: () => void };

function Form({ table, place, keys, isThere, bar, close }: FormProps) {
  const [drafts, setDrafts] = useState<Readonly<Record<string, string>>>({});
  const [isTried, setIsTried] = useState(false);
  const save = useSave();
  const fields = table.fields.filter((one) => isFormField(table, one));
  const elsewhere = table.fields.filter((one) => !isFormField(table, one));
  const problems = fields.filter((one) => {
    const draft = drafts[one.key] ?? (one.required && keys[one.key] === undefined ? "" : undefined);
    return draft !== undefined && problemOf(one, draft);
  });
  const isLater = (key: string) => key === table.table || key.startsWith(`${table.table}.`);
  const isNew = table.is_optional && !isThere;
  const submit = async (event: Event) => {
    event.preventDefault();
    setIsTried(true);
    if (bar || problems.length) {
      setDrafts((known) => ({ ...Object.fromEntries(problems.map((one) => [one.key, ""])), ...known }));
      return;
    }
    const isSaved = await save.run(async () =>
      resultOf(await changeTable(place, changedKeys(fields, drafts)), isLater),
    );
    if (!isSaved) return;
    setDrafts({});
    setIsTried(false);
    if (isNew) close();
  };
  const turnOff = () => void save.run(async () => resultOf(await removeTable(place), isLater));
  return (
    <form class="table-form" onSubmit={(event) => void submit(event)} noValidate>
      <div class="list">
        {fields.map((one) => (
          <FieldRow
            key={one.key}
            field={one}
            value={keys[one.key]}
            draft={drafts[one.key]}
            isBarred={bar !== ""}
            showsProblem={isTried}
            change={(text) => {
              save.forget();
              setDrafts({ ...drafts, [one.key]: text });
            }}
          />
        ))}
      </div>
      {elsewhere.length > 0 && (
        <details class="plain">
          <summary>{say("settings.elsewhere")}</summary>
          <ul class="small">
            {elsewhere.map((one) => (
              <li key={one.key}>
                {one.name || one.key} <code>{commandOf(place, one.key)}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="row-of">
        <button
          type="submit"
          class="main"
          aria-busy={save.busy}
          aria-disabled={bar ? true : undefined}
          title={bar || undefined}
        >
          {say(isNew ? "settings.turn_on" : "settings.save")}
        </button>
        {table.is_optional && isThere && (
          <button type="button" class="danger" disabled={bar !== ""} onClick={turnOff}>
            {say(place.item === undefined ? "settings.turn_off" : "settings.remove")}
          </button>
        )}
      </div>
      <Saved save={save} />
    </form>
  );
}

/** Whether a key can be set on the page; the others name files of the hub's computer, or have keys of their own. */
function isFormField(table: Table, field: Field): boolean {
  const isOfHome = table.table === "hub"; // name and time zone have rows of their own
  return !field.is_local && field.kind !== "map" && !isOfHome;
}

function commandOf({ table, item }: Place, key: string): string {
  return `unclouded config set ${table}.${item === undefined ? "" : `${item || "1"}.`}${key}=…`;
}
