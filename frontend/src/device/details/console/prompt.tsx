/** The input of a console: completion, history of what was typed, and a confirmation of what is dangerous. */
import { useId, useRef, useState } from "preact/hooks";

import { nameOf } from "../../../devices/points";
import type { Device } from "../../../data/shapes";
import { ConfirmDialog } from "../../../parts/dialog";
import { say } from "../../../text/words";
import { requestOf, suggestions, type ConsoleRequest, type Suggestion } from "./commands";
import { historyOf, load, offeredOf, runCommand } from "./runs";

export function Prompt({ device }: { device: Device }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState<ConsoleRequest>();
  const input = useRef<HTMLInputElement>(null);
  const send = (request: ConsoleRequest) => {
    setText("");
    setAsked(undefined);
    void runCommand(device.id, request);
    input.current?.focus();
  };
  const submit = async () => {
    const missing = await load(device.id);
    const request = missing ? { problem: missing } : requestOf(text, offeredOf(device.id).value);
    setProblem("problem" in request ? request.problem : "");
    if ("problem" in request) return;
    if (request.warning) setAsked(request);
    else send(request);
  };
  return (
    <form
      class="prompt"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Line
        device={device}
        text={text}
        inputRef={input}
        problem={problem}
        onText={(fresh) => {
          setText(fresh);
          setProblem("");
        }}
        onProblem={setProblem}
      />
      {problem && (
        <p class="problem" role="alert" id="console-problem">
          {problem}
        </p>
      )}
      {asked && (
        <ConfirmDialog
          title={<code>{asked.shown}</code>}
          act={say("console.run_it")}
          isDangerous
          answer={(isSure) => (isSure ? send(asked) : setAsked(undefined))}
        >
          <p class="soft">{nameOf(device)}</p>
          <p>{asked.warning}</p>
        </ConfirmDialog>
      )}
    </form>
  );
}

type LineProps = {
  device: Device;
  text: string;
  inputRef: { current: HTMLInputElement | null };
  problem: string;
  onText: (text: string) => void;
  onProblem: (text: string) => void;
};

/** A combobox: arrow down enters the list, arrow up recalls what was typed before, Enter takes or runs. */
function Line({ device, text, inputRef, problem, onText, onProblem }: LineProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [recalled, setRecalled] = useState(0); // lines back in the history
  const found = isOpen ? suggestions(text, offeredOf(device.id).value) : [];
  const chosen = found[active];
  const close = () => {
    setOpen(false);
    setActive(-1);
  };
  const write = (fresh: string) => {
    onText(fresh);
    setOpen(fresh !== "");
    setActive(-1);
    setRecalled(0);
  };
  const take = (suggestion: Suggestion) => {
    write(suggestion.text);
    setOpen(suggestion.text.endsWith(" "));
    inputRef.current?.focus();
  };
  const recall = (back: number) => {
    const history = historyOf(device.id);
    if (back < 0 || back > history.length) return;
    setRecalled(back);
    onText(back ? (history[history.length - back] ?? "") : "");
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && recalled > 0) recall(recalled - 1);
    else if (event.key === "ArrowDown" && !isOpen) setOpen(true);
    else if (event.key === "ArrowDown") setActive(Math.min(active + 1, found.length - 1));
    else if (event.key === "ArrowUp" && active >= 0) setActive(active - 1);
    else if (event.key === "ArrowUp") {
      close();
      recall(recalled + 1);
    } else if (event.key === "Enter" && chosen) take(chosen);
    else if (event.key === "Enter") return close();
    else if (event.key === "Escape" && isOpen) close();
    else return;
    event.preventDefault();
  };
  return (
    <div class="line">
      <label for={`${id}-input`} class="soft small">
        {say("console.command")}
      </label>
      <div class="row-of">
        <input
          ref={inputRef}
          id={`${id}-input`}
          role="combobox"
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={chosen ? `${id}-${active}` : undefined}
          aria-describedby={problem ? "console-problem" : undefined}
          aria-invalid={problem ? true : undefined}
          value={text}
          placeholder="meross mem"
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          enterKeyHint="send"
          maxLength={200}
          onFocus={() => void load(device.id).then(onProblem)}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={press}
          onBlur={close}
        />
        <button type="submit" class="main">
          {say("device.run")}
        </button>
      </div>
      <ul
        id={`${id}-list`}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a list is what a listbox is made of
        role="listbox"
        aria-label={say("console.suggestions")}
        class="suggestions"
        hidden={!found.length}
      >
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the field above has the focus and the keys
          <li
            key={one.key}
            id={`${id}-${index}`}
            // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a list is what a listbox is made of
            role="option"
            aria-selected={index === active}
            ref={(item) => void (index === active && item?.scrollIntoView({ block: "nearest" }))}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(one)}
          >
            <code>{one.form}</code>
            <span class="soft small">{one.help}</span>
            {one.isRisky && <span class="risk small">{say("console.risky")}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
