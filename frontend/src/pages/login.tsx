/** The password, where the hub wants one. The page that was asked for comes after it. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { post, Refused } from "../http";
import { connect } from "../live";
import { Notice } from "../parts/notice";
import type { Session } from "../shapes";
import { say } from "../words";
import "./login.css";

export function LoginPage() {
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const [wait, setWait] = useCountdown();
  const input = useRef<HTMLInputElement>(null);
  const [id, why] = [useId(), useId()];
  useEffect(() => input.current?.focus(), []);
  const enter = async (event: Event) => {
    event.preventDefault();
    if (busy || wait) return;
    setBusy(true);
    const { words, after } = await tried(password);
    setBusy(false);
    setRefusal(words);
    setWait(after);
    if (words) input.current?.select();
    else connect();
  };
  return (
    <main class="login">
      <h1>{say("app.title")}</h1>
      <form class="card" onSubmit={(event) => void enter(event)}>
        <div class="field">
          <label for={id}>{say("login.password")}</label>
          <input
            ref={input}
            id={id}
            type="password"
            name="password"
            required
            autoComplete="current-password"
            value={password}
            aria-invalid={refusal !== ""}
            aria-describedby={why}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="main" aria-busy={busy} aria-disabled={busy || wait > 0 ? true : undefined}>
          {wait > 0 ? say("login.wait", { seconds: wait }) : say(busy ? "login.busy" : "login.enter")}
        </button>
        <div id={why}>{refusal && <Notice kind="fault">{refusal}</Notice>}</div>
      </form>
      <p class="soft small">
        {say("login.forgotten")} <code>unclouded web password</code>
      </p>
    </main>
  );
}

/** What the hub says to a password: nothing where it is right. */
async function tried(password: string): Promise<{ words: string; after: number }> {
  try {
    const session = await post<Session>("/api/login", { password });
    return { words: session.role === null ? say("login.still_out") : "", after: 0 };
  } catch (error) {
    return error instanceof Refused ? { words: error.message, after: Math.ceil(error.after) } : { words: String(error), after: 0 };
  }
}

/** Seconds that go down to 0 by themselves. */
function useCountdown(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return [left, setLeft];
}
