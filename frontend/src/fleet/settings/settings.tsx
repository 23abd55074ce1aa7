/** Settings of a fleet: who one is, organisations, codes with which homes join, people, the audit, and this browser. */
import { useEffect, useState } from "preact/hooks";

import { HubError, post, putJson } from "../../data/http";
import { requestLogin } from "../../data/live";
import { Notice } from "../../parts/notice";
import { Language, Look, Numbers, Temperatures } from "../../settings/browser";
import { Row, Section } from "../../settings/row";
import { asked, useSave } from "../../settings/save";
import { say } from "../../text/words";
import { may, session } from "../live";
import type { FleetSession } from "../shapes";
import { AuditSection } from "./audit";
import { JoinSection } from "./join";
import { OrganisationSections } from "./organisations";
import { PersonsSection } from "./persons";
import "../../pages/settings.css";
import "./settings.css";

export function SettingsPage() {
  const isKnown = session.value !== undefined;
  useEffect(() => {
    if (isKnown && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [isKnown]);
  const [operator, owner] = [may("operator"), may("owner")];
  const places = [
    ["own", "fleet.you"],
    ["browser", "settings.this_browser"],
    ...(operator ? [["join", "fleet.join"] as const] : []),
    ["organisations", "fleet.organisations"],
    ...(owner ? [["persons", "fleet.persons"] as const, ["audit", "fleet.audit"] as const] : []),
  ] as const;
  return (
    <main class="prefs fleet-settings">
      <h1>{say("app.settings")}</h1>
      <div class="cols">
        <nav class="side" aria-label={say("app.settings")}>
          {places.map(([id, name]) => (
            <a key={id} href={`#${id}`}>
              {say(name)}
            </a>
          ))}
        </nav>
        <div class="content">
          {isKnown ? (
            <>
              <Own />
              <Section id="browser" title={say("settings.this_browser")}>
                <div class="list">
                  <Language />
                  <Numbers />
                  <Look />
                  <Temperatures />
                </div>
              </Section>
              {operator && <JoinSection />}
              <OrganisationSections />
              {owner && <PersonsSection />}
              {owner && <AuditSection />}
            </>
          ) : (
            <div class="skeleton waits" aria-busy="true" />
          )}
        </div>
      </div>
    </main>
  );
}

/** The person that is signed in: their password, and signing out. */
function Own() {
  const [isOpen, setIsOpen] = useState(false);
  const [refusal, setRefusal] = useState("");
  const known = session.value;
  const signOut = async () => {
    try {
      session.value = await post<FleetSession>("/api/fleet/logout", {});
      requestLogin();
    } catch (error) {
      setRefusal(error instanceof HubError ? error.message : String(error));
    }
  };
  return (
    <Section id="own" title={say("fleet.you")}>
      <div class="list">
        <Row
          title={<bdi>{known?.name || known?.login}</bdi>}
          text={known?.name ? known.login : undefined}
          name="own"
          below={refusal && <Notice kind="fault">{refusal}</Notice>}
        >
          <button type="button" onClick={() => void signOut()}>
            {say("settings.sign_out")}
          </button>
        </Row>
        <Row
          title={say("fleet.own_password")}
          text={say("fleet.own_password_help")}
          name="own-password"
          below={isOpen && <PasswordForm done={() => setIsOpen(false)} />}
        >
          <button type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            {say(isOpen ? "settings.close" : "settings.change")}
          </button>
        </Row>
        <Row title={say("fleet.server_version")} text={known?.version} name="version" />
      </div>
    </Section>
  );
}

function PasswordForm({ done }: { done: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const save = useSave();
  const submit = async (event: Event) => {
    event.preventDefault();
    const take = (answer: FleetSession) => (session.value = answer);
    const isSaved = await save.run(() =>
      asked(
        () => putJson<FleetSession>("/api/fleet/password", { current, password }),
        take,
        say("settings.password_set"),
      ),
    );
    if (isSaved) done();
  };
  return (
    <form class="one-line" onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>{say("settings.current_password")}</span>
        <input
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onInput={(event) => setCurrent(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{say("settings.new_password")}</span>
        <input
          type="password"
          autoComplete="new-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="main" aria-busy={save.busy}>
        {say("settings.save_password")}
      </button>
      {save.result && !save.result.isSaved && <Notice kind="fault">{save.result.text}</Notice>}
    </form>
  );
}
