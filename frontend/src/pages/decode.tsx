/** The Decode page: what people paste or drop, byte by byte; it needs no device. */
import { useEffect } from "preact/hooks";

import { Conversation } from "../decode/conversation";
import { busy, decode, loadChoices, mayRetry, problem, view } from "../decode/decoding";
import { InputForm } from "../decode/input-form";
import { Save } from "../decode/save";
import { Selected } from "../decode/selected";
import { Summary } from "../decode/summary";
import { Notice } from "../parts/notice";
import { say } from "../text/words";
import "./decode.css";

export function DecodePage() {
  useEffect(() => void loadChoices(), []);
  const found = view.value;
  return (
    <main class="decode" aria-busy={busy.value ? true : undefined}>
      <p class="small back">
        <a href="/settings#tools">{say("app.settings")}</a>
      </p>
      <div class="row-of title">
        <h1>{say("decode.title")}</h1>
        <p class="soft">{say("decode.about")}</p>
      </div>
      <div class="decode-top">
        <div class="decode-left">
          <InputForm />
          {problem.value && (
            <Notice kind="fault" again={mayRetry.value ? () => void decode() : undefined}>
              {problem.value}
            </Notice>
          )}
          {found && <Summary view={found} />}
          {found && found.counts.frames > 0 && <Save />}
        </div>
        {found && found.counts.pieces > 0 ? <Selected view={found} /> : <Hint />}
      </div>
      {found && found.counts.pieces > 0 && <Conversation view={found} />}
    </main>
  );
}

/** What may be pasted, while there is nothing. */
function Hint() {
  if (view.value) return null;
  return (
    <section class="card hint" aria-labelledby="hint">
      <h2 id="hint">{say("decode.hint_title")}</h2>
      <ul>
        {(["decode.hint_hex", "decode.hint_logs", "decode.hint_analysers", "decode.hint_values"] as const).map((id) => (
          <li key={id}>{say(id)}</li>
        ))}
      </ul>
      <p class="soft small">{say("decode.hint_private")}</p>
    </section>
  );
}
