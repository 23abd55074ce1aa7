/** The login page. After login, the requested page is shown. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { post, HubError } from "../data/http";
import { connect } from "../data/live";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import type { Session } from "../data/shapes";
import { say } from "../text/words";
import "./login.css";

export function LoginPage() {
  const [password, setPassword] = useState("");
  const [wait, setWait] = useCountdown();
  const input = useRef<HTMLInputElement>(null);
  const [id, why] = [useId(), useId()];
  useEffect(() => input.current?.focus(), []);
  const enter = async () => {
    const { text, after } = await logIn(password);
    setWait(after);
    if (text) input.current?.select();
    else connect();
    return text;
  };
  const { busy, refusal, submit } = useAttempt(enter, wait > 0);
  return (
    <main class="login">
      <h1>{say("app.title")}</h1>
      <form class="card" onSubmit={submit}>
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
        <Submit busy={busy} barred={wait > 0}>
          {wait > 0 ? say("login.wait", { seconds: wait }) : say(busy ? "login.busy" : "login.submit")}
        </Submit>
        <Refusal id={why} text={refusal} />
      </form>
      <p class="soft small">
        {say("login.forgotten")} <code>unclouded web password</code>
      </p>
    </main>
  );
}

/** Log in: the error message of the hub, "" if the password is right. */
async function logIn(password: string): Promise<{ text: string; after: number }> {
  try {
    const session = await post<Session>("/api/login", { password });
    return { text: session.role === null ? say("login.failed") : "", after: 0 };
  } catch (error) {
    return error instanceof HubError
      ? { text: error.message, after: Math.ceil(error.after) }
      : { text: String(error), after: 0 };
  }
}

/** A countdown in seconds. */
export function useCountdown(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return [left, setLeft];
}
