/** Prices: the feeds with their present values, tariffs, and which of them counts. */
import type { components } from "../api";
import { now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { countText, sinceText } from "../text/format";
import { say } from "../text/words";
import { Section } from "./row";
import { TableRows, type ItemText } from "./table-form";
import type { Table } from "./tables";

type Feed = components["schemas"]["FeedView"];
const POLL_MS = 30_000;
const FEED = "feed";

/** `tables`: those of feeds, tariffs and costs. */
export function Prices({ tables, bar }: { tables: readonly Table[]; bar: string }) {
  const hasFeeds = tables.some((one) => one.table === FEED && one.items.length > 0);
  const { value } = usePolled<components["schemas"]["FeedsView"]>(hasFeeds ? "/api/feeds" : undefined, POLL_MS);
  const texts = Object.fromEntries(
    (value?.feeds ?? []).map((one): [string, ItemText] => [
      one.name,
      { text: feedText(one), isFaulty: one.state === "failed" },
    ]),
  );
  return (
    <Section id="prices" title={say("settings.prices")}>
      <p class="soft">{say("settings.prices_help")}</p>
      <div class="list">
        {tables.map((table) => (
          <TableRows key={table.table} table={table} bar={bar} texts={table.table === FEED ? texts : undefined} />
        ))}
      </div>
    </Section>
  );
}

/** What a feed says now, in one sentence. */
export function feedText(feed: Feed): string {
  if (feed.state === "failed") return feed.text;
  const at = (iso: string) => sinceText(Date.parse(iso) / 1000, now.value, timezone.value);
  if (!feed.value)
    return feed.known_until ? say("settings.feed_ended", { at: at(feed.known_until) }) : say("settings.feed_empty");
  return say("settings.feed_now", {
    value: `${countText(Number(feed.value), 6)} ${feed.unit}`.trim(),
    at: at(feed.until),
  });
}
