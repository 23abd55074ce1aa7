/** Taking a device out, with or without its history. What cannot be undone is typed, not only pressed. */
import { useId, useState } from "preact/hooks";

import { devices } from "../../data/live";
import { nameOf } from "../../devices/points";
import type { Device } from "../../data/shapes";
import { Notice } from "../../parts/notice";
import { go } from "../../routing/router";
import { say } from "../../text/words";
import { placeOf } from "../places";
import { removeDevice } from "./configuration";
import { Removal } from "./removal";
import { outcomeText } from "./saving";

type History = "keep" | "delete";

export function Remove({ device, bar, isOpen }: { device: Device; bar: string; isOpen: boolean }) {
  const inside = devices.value.filter(
    (one) => one.parent === device.id && !one.actions.some((action) => action.name === "forget"),
  );
  return (
    <Removal
      isOpen={isOpen}
      bar={bar}
      isKept={inside.length > 0}
      question={(close) => <Question device={device} close={close} />}
    >
      <p class="small soft">{say("device.remove_text")}</p>
      {inside.length > 0 && (
        <p class="small">
          {say("device.remove_inside")}{" "}
          {inside.map((one, index) => (
            <>
              {index > 0 && ", "}
              <a href={placeOf(one.id, "settings")}>{nameOf(one)}</a>
            </>
          ))}
        </p>
      )}
    </Removal>
  );
}

function Question({ device, close }: { device: Device; close: () => void }) {
  const id = useId();
  const [history, setHistory] = useState<History>("keep");
  const [word, setWord] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const wanted = say("device.remove_word");
  const isSure = history === "keep" || word.trim().toLocaleLowerCase() === wanted.toLocaleLowerCase();
  const removal = async (event: Event) => {
    event.preventDefault();
    if (busy || !isSure) return;
    setBusy(true);
    const outcome = await removeDevice(device.id, history);
    setBusy(false);
    if (outcome.state === "saved") go("/devices");
    else setProblem(outcomeText(outcome));
  };
  return (
    <form class="removing" onSubmit={(event) => void removal(event)}>
      <h2 id="remove-ask">{say("device.remove_ask", { name: nameOf(device) })}</h2>
      <p>{say("device.remove_stays")}</p>
      <fieldset>
        <legend>{say("device.remove_history")}</legend>
        {(["keep", "delete"] as const).map((one) => (
          <label key={one} class="check">
            <input type="radio" name={id} checked={history === one} onChange={() => setHistory(one)} />
            <span>
              {say(`device.history_${one}`)}
              <span class="small soft">{say(`device.history_${one}_text`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {history === "delete" && (
        <label class="field">
          <span>{say("device.remove_type", { word: wanted })}</span>
          <input
            value={word}
            autoComplete="off"
            autoCapitalize="off"
            spellcheck={false}
            onInput={(event) => setWord(event.currentTarget.value)}
          />
        </label>
      )}
      {problem && <Notice kind="fault">{problem}</Notice>}
      <div class="row-of">
        {/* biome-ignore lint/a11y/noAutofocus: the first focus in its dialog */}
        <button type="button" autoFocus onClick={close}>
          {say("device.cancel")}
        </button>
        <button type="submit" class="danger" aria-busy={busy} aria-disabled={isSure && !busy ? undefined : true}>
          {say(history === "keep" ? "device.remove_keeping" : "device.remove_deleting")}
        </button>
      </div>
    </form>
  );
}
