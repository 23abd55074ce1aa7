/** The pages about money, beside each other. */
import { say } from "../text/words";

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
