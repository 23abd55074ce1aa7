/** The input: a text field that takes files too, what was found, and what is to be read instead. */
import { useEffect, useRef, useState } from "preact/hooks";

import { say } from "../text/words";
import { busy, choices, decode, forget, view } from "./decoding";
import { attached, choice, chosenWith, FOUND, isChosen, isLong, sizeText, text, type Choice } from "./input";
import { endsOf } from "./texts";

const PAUSE_MS = 500; // of typing, after which is decoded

export const EXAMPLE = `[12:00:00.000][module -> MCU] 55 aa 00 00 00 00 ff
[12:00:00.003][MCU -> module] 55 aa 03 00 00 01 00 03
[12:00:01.000][module -> MCU] 55 aa 00 08 00 00 07
[12:00:01.012][MCU -> module] 55 aa 03 07 00 05 01 01 00 01 01 12
[12:00:01.015][MCU -> module] 55 aa 03 07 00 08 13 02 00 04 00 00 02 a1 cd
[12:00:02.000][module -> MCU] 55 aa 00 06 00 05 01 01 00 01 00 0d
[12:00:02.180][MCU -> module] 55 aa 03 07 00 05 01 01 00 01 00 11
`;

export function InputForm() {
  const [isOver, setOver] = useState(false);
  const timer = useRef(0);
  const isPasting = useRef(false);
  const soon = (pause: number) => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void decode(), pause);
  };
  const take = (name: string, bytes: Blob) => {
    forget();
    attached.value = { name, bytes };
    choice.value = FOUND;
    soon(0);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useDrop(setOver, (file) => take(file.name, file));
  const paste = (event: ClipboardEvent) => {
    const file = event.clipboardData?.files[0];
    const pasted = event.clipboardData?.getData("text") ?? "";
    isPasting.current = !file && !isLong(pasted); // the field has it after this event
    if (isPasting.current) return;
    event.preventDefault();
    take(file?.name ?? say("decode.pasted"), file ?? new Blob([pasted]));
  };
  const clear = () => {
    clearTimeout(timer.current);
    text.value = "";
    attached.value = undefined;
    choice.value = FOUND;
    forget();
  };
  return (
    <form class="decode-input" data-over={isOver} onSubmit={(event) => event.preventDefault()}>
      {attached.value ? (
        <p class="attached">
          <b>{attached.value.name}</b> <span class="soft">{sizeText(attached.value.bytes.size)}</span>
        </p>
      ) : (
        <label class="field">
          <span>{say("decode.paste_here")}</span>
          <textarea
            rows={8}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
              soon(isPasting.current ? 0 : PAUSE_MS);
              isPasting.current = false;
            }}
            onPaste={paste}
          />
        </label>
      )}
      <div class="row-of" aria-live="polite">
        <FileButton onFile={(file) => take(file.name, file)} />
        {!attached.value && !text.value && (
          <button
            type="button"
            onClick={() => {
              text.value = EXAMPLE;
              soon(0);
            }}
          >
            {say("decode.example")}
          </button>
        )}
        {(attached.value || text.value) && (
          <button type="button" onClick={clear}>
            {say("decode.clear")}
          </button>
        )}
        {busy.value && <span class="soft">{say("decode.working")}</span>}
      </div>
      {(view.value || isChosen(choice.value)) && <Choices onChange={() => soon(0)} />}
    </form>
  );
}

/** Takes a file that is dropped anywhere on the page: elsewhere the browser would open it in place of the page. */
function useDrop(setOver: (isOver: boolean) => void, take: (file: File) => void): void {
  const taking = useRef(take);
  taking.current = take;
  // biome-ignore lint/correctness/useExhaustiveDependencies: setOver is the setter of a state
  useEffect(() => {
    const ended = new AbortController();
    const hasFile = (event: DragEvent) => Boolean(event.dataTransfer?.types.includes("Files"));
    const over = (event: DragEvent) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      taking.current(file);
    };
    addEventListener("dragover", over, ended);
    addEventListener("dragleave", leave, ended);
    addEventListener("drop", drop, ended);
    return () => ended.abort();
  }, []);
}

function FileButton({ onFile }: { onFile: (file: File) => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => field.current?.click()}>
        {say("decode.choose_file")}
      </button>
      <input
        ref={field}
        type="file"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = ""; // the same file may be chosen again
        }}
      />
    </>
  );
}

/** What was found, as the first entry of each list; the others overrule it. */
function Choices({ onChange }: { onChange: () => void }) {
  const found = view.value; // undefined: it was refused as it was to be read
  const known = choices.value;
  const family = known?.families.find((one) => one.name === (choice.value.family || found?.family));
  const [controller, device] = endsOf(family?.name ?? "", known);
  const change = (part: Partial<Choice>) => {
    choice.value = chosenWith(choice.value, part);
    onChange();
  };
  const titled = (list: readonly { name: string; title: string }[] | undefined, name: string) =>
    list?.find((one) => one.name === name)?.title ?? name;
  const sides = {
    "": say("decode.no_sides"),
    controller: say("decode.only", { side: controller }),
    device: say("decode.only", { side: device }),
  };
  const sent = found?.counts.senders ?? [];
  const senders = sent.length > 1 ? say("decode.both") : sides[sent[0] ?? ""];
  const none = say("decode.none");
  return (
    <div class="choices">
      <Pick
        name="input"
        title={say("decode.format")}
        found={found?.format.title ?? none}
        sure={found?.format.sure}
        isFound={found !== undefined}
        all={known?.formats}
        onPick={change}
      />
      <Pick
        name="family"
        title={say("decode.family")}
        found={titled(known?.families, found?.family ?? "") || none}
        isFound={Boolean(found?.family)}
        all={known?.families}
        onPick={change}
      />
      {family && family.dialects.length > 1 && (
        <Pick
          name="dialect"
          title={say("decode.dialect")}
          found={titled(family.dialects, found?.dialect ?? "") || none}
          isFound={found !== undefined}
          all={family.dialects}
          onPick={change}
        />
      )}
      <Pick
        name="sender"
        title={say("decode.sender")}
        found={senders}
        isFound={sent.length > 0}
        all={[
          { name: "controller", title: controller },
          { name: "device", title: device },
        ]}
        onPick={change}
      />
      {family && family.profiles.length > 0 && (
        <Pick
          name="profile"
          title={say("decode.profile")}
          found={found?.profile || none}
          isFound={Boolean(found?.profile)}
          all={family.profiles}
          onPick={change}
        />
      )}
    </div>
  );
}

type PickProps = {
  name: keyof Choice;
  title: string;
  found: string;
  sure?: string | undefined;
  isFound?: boolean;
  all: readonly { name: string; title: string }[] | undefined;
  onPick: (part: Partial<Choice>) => void;
};

function Pick({ name, title, found, sure = "certain", isFound = true, all, onPick }: PickProps) {
  const chosen = choice.value[name];
  const doubt = sure === "likely" || sure === "unsure" ? say(`decode.found_${sure}`) : say("decode.found");
  return (
    <label class="field">
      <span>{title}</span>
      <select value={chosen} onChange={(event) => onPick({ [name]: event.currentTarget.value })}>
        <option value="">{chosen ? say("decode.find_out") : isFound ? `${found} (${doubt})` : found}</option>
        {all?.map((one) => (
          <option key={one.name} value={one.name}>
            {one.title}
          </option>
        ))}
      </select>
    </label>
  );
}
