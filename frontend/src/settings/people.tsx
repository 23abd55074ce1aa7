/** Who may open the page: the passwords of the two roles, and the browsers that are signed in. */
import { useState } from "preact/hooks";

import type { components } from "../api";
import { HubError, post, putJson } from "../data/http";
import { now, requestLogin, role, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import type { Role, Session } from "../data/shapes";
import { Notice } from "../parts/notice";
import { ageText, timeText } from "../text/format";
import { say } from "../text/words";
import { Row, Section } from "./row";
import { asked, Saved, useSave } from "./save";

type Schemas = components["schemas"];
type People = Schemas["PeopleView"];
type RoleState = Schemas["RoleView"];
type BrowserState = Schemas["BrowserView"];

const POLL_MS = 30_000;

export function PeopleSection() {
  const mayChange = role.value === "control";
  const { value, error, again } = usePolled<People>(mayChange ? "/api/people" : undefined, POLL_MS);
  const [fresh, setFresh] = useState<{ of: People | undefined; people: People }>();
  const people = fresh && fresh.of === value ? fresh.people : value;
  const take = (answer: People) => setFresh({ of: value, people: answer });
  return (
    <Section id="people" title={say("settings.people")}>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {mayChange && !people && !error && <div class="skeleton place" aria-busy="true" />}
      {people && !people.login && <p class="soft">{say("settings.no_password")}</p>}
      <div class="list">
        {people?.roles.map((one) => (
          <RoleRow key={one.role} state={one} people={people} take={take} />
        ))}
        <OwnSession />
        {people && <Browsers people={people} take={take} />}
      </div>
    </Section>
  );
}

type Taking = { people: People; take: (people: People) => void };

function RoleRow({ state, people, take }: Taking & { state: RoleState }) {
  const [isOpen, setIsOpen] = useState(false);
  const title = say(state.role === "control" ? "settings.may_switch" : "settings.may_look");
  const count = people.browsers.filter((one) => one.role === state.role).length;
  const word = isOpen ? "settings.close" : state.has_password ? "settings.change" : "settings.set_password";
  return (
    <Row
      title={title}
      text={roleText(state, count)}
      name={`password-${state.role}`}
      below={isOpen && <PasswordForm state={state} people={people} take={take} />}
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

function roleText({ role, has_password, set_at }: RoleState, count: number): string {
  if (!has_password) return say(role === "control" ? "settings.everyone_here" : "settings.nobody_yet");
  const since = set_at
    ? say("settings.password_since", { day: timeText(Date.parse(set_at) / 1000, now.value, timezone.value) })
    : say("settings.password_is_set");
  return count ? `${since} · ${say("settings.browsers_in", { count })}` : since;
}

function PasswordForm({ state, people, take }: Taking & { state: RoleState }) {
  const [password, setPassword] = useState("");
  const [current, setCurrent] = useState("");
  const save = useSave();
  const needsCurrent = people.roles.some((one) => one.role === "control" && one.has_password);
  const send = async (text: string | null) => {
    const done = say(text === null ? "settings.password_removed" : "settings.password_set");
    const isSaved = await save.run(() =>
      asked(() => putJson<People>(`/api/people/${state.role}`, { password: text, current }), take, done),
    );
    if (isSaved) {
      setPassword("");
      setCurrent("");
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (password) void send(password);
  };
  return (
    <form class="one-line" onSubmit={submit}>
      {needsCurrent && (
        <Secret label={say("settings.current_password")} kind="current-password" value={current} change={setCurrent} />
      )}
      <Secret label={say("settings.new_password")} kind="new-password" value={password} change={setPassword} />
      <p class="small soft">{say("settings.password_help")}</p>
      <div class="row-of">
        <button type="submit" class="main" aria-busy={save.busy} aria-disabled={!password || undefined}>
          {say("settings.save_password")}
        </button>
        {state.has_password && (
          <button type="button" class="danger" onClick={() => void send(null)}>
            {say("settings.remove_password")}
          </button>
        )}
      </div>
      <Saved save={save} />
    </form>
  );
}

type SecretProps = {
  label: string;
  kind: "current-password" | "new-password";
  value: string;
  change: (text: string) => void;
};

function Secret({ label, kind, value, change }: SecretProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="password"
        autocomplete={kind}
        maxLength={256}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

/** The role of this browser, and a button to sign out. */
function OwnSession() {
  const { value } = usePolled<Session>("/api/session");
  const [refusal, setRefusal] = useState("");
  const signOut = async () => {
    try {
      const session = await post<Session>("/api/logout", {});
      setRefusal("");
      if (session.role === null) requestLogin();
    } catch (failure) {
      setRefusal(failure instanceof HubError ? failure.message : String(failure));
    }
  };
  return (
    <Row
      title={say("settings.this_browser")}
      text={ownText(role.value)}
      name="session"
      below={refusal && <Notice kind="fault">{refusal}</Notice>}
    >
      {value?.login && (
        <button type="button" onClick={() => void signOut()}>
          {say("settings.sign_out")}
        </button>
      )}
    </Row>
  );
}

function ownText(own: Role): string {
  return say(own === "read" ? "hub.role_read" : "hub.role_control");
}

function Browsers({ people, take }: Taking) {
  const save = useSave();
  const others = people.browsers.filter((one) => !one.own);
  const signOut = (browser: string) =>
    void save.run(() =>
      asked(() => post<People>("/api/people/sign-out", { browser }), take, say("settings.signed_out")),
    );
  if (!people.browsers.length) return null;
  return (
    <>
      {others.map((one) => (
        <Row key={one.id} title={<bdi>{browserName(one)}</bdi>} text={browserText(one)} name="browser">
          <button
            type="button"
            aria-label={`${say("settings.sign_out")}: ${browserName(one)}`}
            onClick={() => signOut(one.id)}
          >
            {say("settings.sign_out")}
          </button>
        </Row>
      ))}
      <Row title={say("settings.everywhere")} text={say("settings.everywhere_help")} name="everywhere" save={save}>
        <button type="button" class="danger" onClick={() => signOut("")}>
          {say("settings.sign_out_others")}
        </button>
      </Row>
    </>
  );
}

function browserName({ browser, system }: BrowserState): string {
  return [browser, system].filter(Boolean).join(", ") || say("settings.a_browser");
}

function browserText({ role, address, seen }: BrowserState): string {
  const may = say(role === "control" ? "settings.may_switch" : "settings.may_look");
  return `${may} · ${say("settings.last_here", { age: ageText(now.value - Date.parse(seen) / 1000) })} · ${address}`;
}
