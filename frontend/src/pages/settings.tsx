/** The Settings page: version, session, broker, store, links, events. */
import { usePolled } from "../data/polled";
import { Log } from "../hub/log-list";
import { About, Broker, Links, Store, SessionCard } from "../hub/parts";
import { PageCard } from "../hub/page-card";
import { Notice } from "../parts/notice";
import type { Hub } from "../data/shapes";
import { say } from "../text/words";
import "./settings.css";

const POLL_MS = 5_000;

export function SettingsPage() {
  const { value, error, again } = usePolled<Hub>("/api/hub", POLL_MS);
  return (
    <main class="hub">
      <div class="row-of">
        <h1>{say("app.settings")}</h1>
        <a class="button" href="/decode">
          {say("decode.title")}
        </a>
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <div class="cards">
        <div>
          {value ? <About hub={value} /> : <div class="card skeleton place" aria-busy={!error} />}
          {value ? <Store hub={value} /> : <div class="card skeleton place" />}
        </div>
        <div>
          <SessionCard />
          <PageCard addresses={value?.web ?? []} />
          {value ? <Broker hub={value} /> : <div class="card skeleton place" />}
        </div>
      </div>
      <Links />
      <Log />
    </main>
  );
}
