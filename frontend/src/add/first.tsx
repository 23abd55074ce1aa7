/** Now of a hub without devices: what it found, where it looks, and what will be here. */
import { now, role } from "../data/live";
import type { Onboarding, OfferSource } from "../data/shapes";
import { Notice } from "../parts/notice";
import { countText } from "../text/format";
import { say } from "../text/words";
import { CardList, NotHere } from "./found";
import { KindIcon } from "./icons";
import { cardsOf, type Card } from "./offers";
import { looks, useOnboarding } from "./onboarding";
import { OpenBroker } from "./open-broker";
import "./add.css";

const MOST_CARDS = 5;

export function FirstPage() {
  return (
    <main class="now onboarding first">
      <h1 class="hidden-text">{say("app.now")}</h1>
      {role.value === "read" ? <Notice>{say("add.empty_read_only")}</Notice> : <First />}
    </main>
  );
}

function First() {
  const { value: view, error, again } = useOnboarding();
  if (!view && error)
    return (
      <Notice kind="fault" again={again}>
        {error}
      </Notice>
    );
  return (
    <>
      {view ? <Found view={view} /> : <div class="hero" aria-busy="true" />}
      <div class="halves">
        {view ? <Sources view={view} again={again} /> : <section />}
        <Outlook />
      </div>
    </>
  );
}

function Found({ view }: { view: Onboarding }) {
  const cards = cardsOf(view.offers, now.value);
  const count = view.offers.filter((one) => one.state !== "blocked").length;
  return (
    <section class="hero halves" aria-label={say("add.step_found")}>
      <div>
        {count ? (
          <>
            <p class="lead">{say("add.new_found")}</p>
            <p class="display">
              {countText(count)}
              <small> {say(count === 1 ? "add.thing" : "add.things")}</small>
            </p>
            <p class="lead">{say("add.yours")}</p>
          </>
        ) : (
          <>
            <p class="lead strong">{say("add.nothing_new")}</p>
            <p class="lead">{say("add.nothing_lead")}</p>
          </>
        )}
      </div>
      <div>
        <CardList cards={cards.slice(0, MOST_CARDS)} verbOf={verbOf} />
        {cards.length > MOST_CARDS && (
          <p>
            <a href="/add">{say("add.more_found", { count: cards.length - MOST_CARDS })}</a>
          </p>
        )}
        {!count && <NotHere />}
      </div>
    </section>
  );
}

/** What is certain is added, what may be another's is looked at, and the rest is tried. */
function verbOf({ offers: [one] }: Card): string {
  if (one.source === "network") return say("add.look");
  return say(one.state === "recognised" ? "add.add" : "add.try");
}

function Sources({ view, again }: { view: Onboarding; again: () => void }) {
  return (
    <section aria-labelledby="sources">
      <h2 id="sources">{say(looks(view) ? "add.still_looking" : "add.looked")}</h2>
      <ul class="row-list">
        {view.sources.map((source) => (
          <li key={source.source} data-source={source.source} data-state={source.state}>
            <div>
              {sourceName(source)}
              <p class="small soft">{sourceText(source)}</p>
            </div>
            {source.source === "broker" && source.state === "off" ? (
              <OpenBroker again={again} />
            ) : (
              <span class="pill">{stateText(source)}</span>
            )}
          </li>
        ))}
      </ul>
      <p class="again">
        <a class="button" href="/add?by=hand">
          <KindIcon of="plus" />
          {say("add.something_by_hand")}
        </a>
      </p>
    </section>
  );
}

function sourceName({ source }: OfferSource): string {
  return source === "hand" ? say("add.by_hand") : say(`add.source_${source}`);
}

function sourceText(one: OfferSource): string {
  if (one.state === "failed") return one.text;
  if (one.source === "broker")
    return one.state === "off" ? say("add.broker_off") : say("add.broker_open", { place: one.place, count: one.count });
  if (one.source === "serial") return say("add.serial_count", { count: one.count });
  if (one.state === "looking") return say("add.network_looking");
  return one.state === "idle" ? say("add.not_looked") : say("add.network_done", { count: one.count });
}

function stateText({ source, state, left_s }: OfferSource): string {
  if (state === "looking")
    return source === "serial" ? say("add.state_listening") : say("add.state_looking", { left: Math.ceil(left_s) });
  return say(`add.state_${state}`);
}

function Outlook() {
  return (
    <section aria-labelledby="outlook">
      <h2 id="outlook">{say("add.will_stand")}</h2>
      <p class="soft">{say("add.will_stand_text")}</p>
      <div class="outlook" aria-hidden="true">
        <p class="small soft">
          {say("add.comes_from")} <span>–</span>
        </p>
        <div class="bar-to-come" />
        <p class="small soft">
          {say("add.goes_to")} <span>–</span>
        </p>
        <div class="bar-to-come" />
      </div>
    </section>
  );
}
