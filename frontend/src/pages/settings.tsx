/** The Settings page: sections with a list of their names beside them; what a person may change, in words. */
import { useEffect, useState } from "preact/hooks";

import { connection, role } from "../data/live";
import { usePolled } from "../data/polled";
import type { Hub } from "../data/shapes";
import { load, loaded } from "../device/settings/configuration";
import { Notice } from "../parts/notice";
import { Connections } from "../settings/connections";
import { Data } from "../settings/data";
import { Home } from "../settings/home";
import { Events, HubSection, Tools } from "../settings/hub";
import { PeopleSection } from "../settings/people";
import { Rooms } from "../settings/rooms";
import { Prices } from "../settings/prices";
import type { Table } from "../settings/tables";
import { say, type Id } from "../text/words";
import "./settings.css";

const POLL_MS = 5_000;
const LATE_MS = 4_000;
const PLACES: readonly (readonly [string, Id])[] = [
  ["home", "settings.home"],
  ["rooms", "settings.rooms"],
  ["people", "settings.people"],
  ["connections", "settings.connections"],
  ["prices", "settings.prices"],
  ["data", "settings.data"],
  ["hub", "settings.hub"],
  ["tools", "settings.tools"],
  ["events", "settings.events"],
];
// Where the tables of the configuration stand; all others are of programs that get values. A list of rules has a page
// of its own.
const OF_HOME = new Set(["weather", "calendar"]);
const OF_CONNECTIONS = new Set(["web", "broker", "meross"]);
const OF_PRICES = new Set(["feed", "tariff", "costs"]);
const ELSEWHERE = new Set(["hub", "rule", "backup", "retention"]);

export function SettingsPage() {
  const { value: hub, error, again } = usePolled<Hub>("/api/hub", POLL_MS);
  const configuration = loaded.view.value;
  const mayChange = role.value === "control";
  const live = connection.value === "live";
  useEffect(() => {
    if (mayChange && live) void load();
  }, [mayChange, live]);
  const tables = mayChange ? ((configuration?.tables ?? []) as unknown as readonly Table[]) : [];
  const at = (names: ReadonlySet<string>) => tables.filter((one) => names.has(one.table));
  const publish = tables.filter(
    (one) => ![OF_HOME, OF_CONNECTIONS, OF_PRICES, ELSEWHERE].some((names) => names.has(one.table)),
  );
  const bar = barOf(mayChange, configuration);
  const isLate = useLate();
  // Sections that come one after another would push each other down; one that is slow keeps the others for a moment
  // only
  const isKnown = isLate || (Boolean(hub || error) && (!mayChange || Boolean(configuration || loaded.failure.value)));
  useAnchor(isKnown);
  return (
    <main class="prefs">
      <h1>{say("app.settings")}</h1>
      <div class="cols">
        <Places hidden={mayChange ? [] : ["rooms", "prices"]} />
        <div class="content">
          <Notes error={error} again={again} mayChange={mayChange} />
          {isKnown ? (
            <>
              <Home hub={tables.find((one) => one.table === "hub")} more={at(OF_HOME)} bar={bar} />
              {mayChange && <Rooms bar={bar} />}
              <PeopleSection />
              <Connections hub={hub} own={at(OF_CONNECTIONS)} publish={publish} bar={bar} />
              {mayChange && <Prices tables={at(OF_PRICES)} bar={bar} />}
              <Data
                hub={hub}
                configuration={mayChange ? configuration : undefined}
                backup={tables.find((one) => one.table === "backup")}
                retention={tables.find((one) => one.table === "retention")}
                bar={bar}
              />
              <HubSection hub={hub} />
              <Tools />
              <Events />
            </>
          ) : (
            <div class="skeleton waits" aria-busy="true" />
          )}
        </div>
      </div>
    </main>
  );
}

/** Whether the page has been open for so long that it shows what it has. */
function useLate(): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isLate;
}

/** Why nothing of the configuration can be saved; "" if it can. */
function barOf(mayChange: boolean, configuration: typeof loaded.view.value): string {
  if (!mayChange) return say("settings.read_only");
  if (!configuration) return say("device.settings_loading");
  return configuration.unwritable || configuration.problem ? say("device.settings_barred") : "";
}

type NotesProps = { error: string; again: () => void; mayChange: boolean };

/**
 * What concerns the page as a whole: who may not change it, a file that cannot be written, what waits for a restart.
 */
function Notes({ error, again, mayChange }: NotesProps) {
  const configuration = loaded.view.value;
  const failure = error || (mayChange ? loaded.failure.value : "");
  const retry = () => {
    again();
    void load();
  };
  return (
    <>
      {failure && (
        <Notice kind="fault" again={retry}>
          {failure}
        </Notice>
      )}
      {!mayChange && <Notice>{say("settings.read_only")}</Notice>}
      {mayChange && configuration?.problem && (
        <Notice kind="fault">{say("settings.invalid_file", { why: configuration.problem })}</Notice>
      )}
      {mayChange && configuration?.unwritable && <Notice>{configuration.unwritable}</Notice>}
      {mayChange && configuration && configuration.needs_restart.length > 0 && (
        <Notice>{say("settings.needs_restart", { keys: configuration.needs_restart.join(", ") })}</Notice>
      )}
    </>
  );
}

function Places({ hidden }: { hidden: readonly string[] }) {
  const current = useCurrent();
  return (
    <nav class="side" aria-label={say("app.settings")}>
      {PLACES.filter(([id]) => !hidden.includes(id)).map(([id, name]) => (
        <a key={id} href={`#${id}`} aria-current={id === current ? "true" : undefined}>
          {say(name)}
        </a>
      ))}
    </nav>
  );
}

/** The section that is at the top of the window. */
function useCurrent(): string {
  const [current, setCurrent] = useState("home");
  useEffect(() => {
    const look = () => {
      const isAtEnd = scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
      const above = PLACES.filter(
        ([id]) => (document.getElementById(id)?.getBoundingClientRect().top ?? Infinity) < 160,
      );
      setCurrent((isAtEnd ? PLACES.at(-1) : above.at(-1))?.[0] ?? "home");
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return current;
}

/** The place that the address names, once the sections have their heights. */
function useAnchor(isComplete: boolean): void {
  useEffect(() => {
    if (isComplete && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [isComplete]);
}
