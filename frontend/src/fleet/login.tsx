/** The login page of a fleet. After it, the requested page is shown. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { HubError, post } from "../data/http";
import { connect } from "../data/live";
import { useCountdown } from "../pages/login";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import { say } from "../text/words";
import { session } from "./live";
import type { FleetSession } from "./shapes";

export function LoginPage() {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [wait, setWait] = useCountdown();
  const first = useRef<HTMLInputElement>(null);
  const [nameId, passwordId, why] = [useId(), useId(), useId()];
  useEffect(() => first.current?.focus(), []);
  const enter = async () => {
    const { text, after } = await logIn(login, password);
    setWait(after);
    if (!text) connect();
    return text;
  };
  const { busy, refusal, submit } = useAttempt(enter, wait > 0);
  const field = { required: true, "aria-invalid": refusal !== "", "aria-describedby": why };
  return (
    <main class="login">
      <h1>{say("app.title")}</h1>
      <form class="card" onSubmit={submit}>
        <div class="field">
          <label for={nameId}>{say("fleet.login")}</label>
          <input
            ref={first}
            id={nameId}
            type="text"
            name="username"
            autoComplete="username"
            spellcheck={false}
            autoCapitalize="none"
            value={login}
            onInput={(event) => setLogin(event.currentTarget.value)}
            {...field}
          />
        </div>
        <div class="field">
          <label for={passwordId}>{say("fleet.password")}</label>
          <input
            id={passwordId}
            type="password"
            name="password"
            autoComplete="current-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            {...field}
          />
        </div>
        <Submit busy={busy} barred={wait > 0}>
          {wait > 0 ? say("login.wait", { seconds: wait }) : say(busy ? "login.busy" : "login.submit")}
        </Submit>
        <Refusal id={why} text={refusal} />
      </form>
      <p class="soft small">{say("fleet.login_forgotten")}</p>
    </main>
  );
}

/** Log in: why it did not work, "" if it did. */
async function logIn(login: string, password: string): Promise<{ text: string; after: number }> {
  try {
    const answer = await post<FleetSession>("/api/fleet/login", { login, password });
    session.value = answer;
    return { text: answer.person === null ? say("login.failed") : "", after: 0 };
  } catch (error) {
    return error instanceof HubError
      ? { text: error.message, after: Math.ceil(error.after) }
      : { text: String(error), after: 0 };
  }
}
