/** The first step: what was found, and what to do about what was not. */
import { useId, useState } from "preact/hooks";

import { now } from "../data/live";
import type { Onboarding } from "../data/shapes";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import { go } from "../routing/router";
import { say } from "../text/words";
import { KindIcon } from "./icons";
import { cardOf, linkOf, ordered, type Card } from "./offers";
import { looks } from "./onboarding";
import { OpenBroker } from "./open-broker";
import { addressOf, type Way } from "./progress";
import { look, typed } from "./requests";

export function FoundStep({ view, way, again }: { view: Onboarding; way: Way; again: () => void }) {
  const cards = ordered(view.offers).map((one) => cardOf(one, now.value));
  return (
    <>
      <h1>{say("add.step_found")}</h1>
      <p class="lead">{say(cards.length ? "add.found_lead" : "add.nothing_lead")}</p>
      {way && <ByHand way={way} />}
      <CardList cards={cards} verbOf={() => say("add.this_one")} quiet={way !== ""} />
      <p class="again">
        <button
          type="button"
          aria-busy={looks(view)}
          aria-disabled={looks(view) || undefined}
          onClick={() => void (looks(view) || look().then(again))}
        >
          {say(looks(view) ? "add.state_listening" : "add.look_again")}
        </button>
      </p>
      <h2>{say("add.not_here")}</h2>
      <NotHere isClosed={view.sources.some((one) => one.source === "broker" && one.state === "off")} again={again} />
    </>
  );
}

type ListProps = { cards: readonly Card[]; verbOf: (card: Card) => string; quiet?: boolean };

/** Each with one button; the first that can be used has the main one, unless the page has another. */
export function CardList({ cards, verbOf, quiet = false }: ListProps) {
  const first = quiet ? undefined : cards.find((one) => one.offers[0].state !== "blocked");
  return (
    <ul class="found-list">
      {cards.map((card) => (
        <li key={card.key} data-offer={card.key} data-state={card.offers[0].state}>
          <span class="picture">
            <KindIcon of={card.kind} />
          </span>
          <div>
            <h3>{card.title}</h3>
            <p class="small soft">{card.text}</p>
          </div>
          {card.offers[0].state !== "blocked" && (
            <a
              class={card === first ? "button main" : "button"}
              href={card.offers.length > 1 ? addressOf() : addressOf(card.offers[0].id)}
              aria-label={say("add.choose", { verb: verbOf(card), title: card.title })}
            >
              {verbOf(card)}
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}

/** `isClosed`: plugs cannot connect to this hub yet. */
export function NotHere({ isClosed = false, again }: { isClosed?: boolean; again?: () => void }) {
  return (
    <ul class="row-list">
      {isClosed && again && (
        <li>
          <div>
            {say("add.source_broker")}
            <p class="small soft">{say("add.broker_off")}</p>
          </div>
          <OpenBroker again={again} />
        </li>
      )}
      <Row name={say("add.boxed")} text={say("add.boxed_text")} to="/setup" verb={say("add.set_it_up")} />
      <Row name={say("add.tuya")} text={say("add.tuya_text")} to="/add?by=tuya" verb={say("add.connect")} />
      <Row name={say("add.else")} text={say("add.else_text")} to="/add?by=hand" verb={say("add.by_hand")} />
    </ul>
  );
}

function Row({ name, text, to, verb }: { name: string; text: string; to: string; verb: string }) {
  return (
    <li>
      <div>
        {name}
        <p class="small soft">{text}</p>
      </div>
      <a class="button" href={to} aria-label={say("add.choose", { verb, title: name })}>
        {verb}
      </a>
    </li>
  );
}

/** A link that a person types; for a Tuya module also how to wire it. */
function ByHand({ way }: { way: Way }) {
  const [text, setText] = useState("");
  const [field, rule, error] = [useId(), useId(), useId()];
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    if (!text.trim()) return say("add.address_missing");
    const { value, refusal } = await typed(linkOf(text));
    if (value) go(addressOf(value.id));
    return refusal;
  });
  return (
    <form class="panel fields" key={way} noValidate onSubmit={submit}>
      {way === "tuya" && (
        <>
          <p>{say("add.tuya_wires")}</p>
          <p>
            <strong>{say("add.tuya_danger")}</strong>
          </p>
          <p>{say("add.tuya_appears")}</p>
        </>
      )}
      <div class="field">
        <label for={field}>{say("add.address")}</label>
        <input
          id={field}
          ref={focused}
          value={text}
          maxLength={1024}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          aria-describedby={`${rule} ${error}`}
          aria-invalid={refusal !== ""}
          onInput={(event) => {
            setText(event.currentTarget.value);
            forget();
          }}
        />
        <p class="small soft" id={rule}>
          {say("add.address_rule")}
        </p>
      </div>
      <div>
        <Submit busy={busy}>{say("add.test_it")}</Submit>
      </div>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

/** The field has the focus once, when it appears. */
function focused(field: HTMLInputElement | null): void {
  if (!field || field.dataset.focused) return;
  field.dataset.focused = "yes";
  setTimeout(() => field.focus()); // after the page has moved the focus to its beginning
}
