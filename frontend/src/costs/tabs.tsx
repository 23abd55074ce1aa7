/** The pages about money, beside each other. */
import { say } from "../text/words";
import "./costs.css";

export type CostPlace = "/bill" | "/tariffs";

export function CostTabs({ at }: { at: CostPlace }) {
  const link = (to: CostPlace, text: string) => (
    <a class="plain" href={to} aria-current={at === to ? "page" : undefined}>
      {text}
    </a>
  );
  return (
    <nav class="cost-tabs" aria-label={say("bill.pages")}>
      {link("/bill", say("bill.title"))}
      {link("/tariffs", say("tariff.title"))}
    </nav>
  );
}

/** From the history to the bill and the tariff. */
export function CostLinks() {
  return (
    <nav class="line-tabs" aria-label={say("bill.pages")}>
      <a class="plain" href="/bill">
        {say("bill.title")}
      </a>
      <a class="plain" href="/tariffs">
        {say("tariff.title")}
      </a>
    </nav>
  );
}

/** Where no tariff is set: what that means, and the way to set one. */
export function NoTariff() {
  return (
    <div class="no-tariff">
      <p class="lead">{say("tariff.none")}</p>
      <p>{say("tariff.how")}</p>
      <p class="row-of">
        <a class="button" href="/settings">
          {say("tariff.to_settings")}
        </a>
        <a class="button" href="/docs/costs.html">
          {say("tariff.docs")}
        </a>
      </p>
    </div>
  );
}
