/** The list of homes: how many there are, what they take from the grid, and a row for each, the worst first. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { Notice } from "../../parts/notice";
import { Quantity } from "../../parts/quantity";
import { laterPart } from "../../routing/later";
import { go, query } from "../../routing/router";
import { countText as numberText } from "../../text/format";
import { sayWith } from "../../text/rich";
import { say } from "../../text/words";
import { may, organisations, session, summary, watch } from "../live";
import type { Filter, HomeRow } from "../shapes";
import { levelText } from "../home/source";
import { addressOf, allOf, filterOf, flagsOf, offered, STATES, versionsOf } from "./filters";
import { again, failure, loaded, useHomes } from "./loaded";
import { HomeLine } from "./row";
import { alertText, countText, stateName } from "./words";
import { drawnOf, isNearEnd, type List } from "./windowing";
import "./homes.css";
import { Icon, PLUS } from "../../parts/icon";

const Opened = laterPart<{ row: HomeRow }>(
  "fleet/homes/opened",
  () => import("./opened").then((part) => part.Opened),
  "opened-waits",
);

const WATCHED = 60; // rows above and below the drawn ones whose changes are wanted: they are current when they are scrolled to
const SEARCH_MS = 250;

const wide = matchMedia("(min-width: 900px)");

export function HomesPage() {
  const filter = filterOf(query.value);
  const more = useHomes(filter);
  const show = (part: Partial<Filter>) => go(addressOf({ ...filter, ...part }), true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `filter` by what is in it, since it is made again each time
  useEffect(() => watch({ filter }), [JSON.stringify(filter)]);
  useEffect(() => () => watch({ homes: [] }), []);
  const isKnown = session.value !== undefined && loaded.value !== undefined && summary.value !== undefined;
  if (!isKnown && !failure.value)
    return (
      <main class="homes-page">
        <div key="waits" class="skeleton tall" />
      </main>
    ); // what stands above the list has its size by who is signed in and what was found: the list would jump
  return (
    <main class="homes-page">
      <Title filter={filter} show={show} />
      <SumBar />
      <div class="filters">
        <Chips filter={filter} show={show} />
        <Search q={filter.q} search={(q) => show({ q })} />
      </div>
      {failure.value && (
        <Notice kind="fault" again={again}>
          {failure.value}
        </Notice>
      )}
      <Homes filter={filter} more={more} />
    </main>
  );
}

function Title(showing: Showing) {
  const found = summary.value;
  return (
    <div class="fleet-title">
      <h1>{found ? countText("fleet.count_home", found.homes) : say("fleet.homes")}</h1>
      <p class="lead only-wide live">{found && found.power_W !== null && <Power W={found.power_W} />}</p>
      <Choices {...showing} />
      {may("operator") && (
        <a class="button" href="/settings#join">
          <Icon>{PLUS}</Icon>
          {say("fleet.invite")}
        </a>
      )}
    </div>
  );
}

function Power({ W }: { W: number }) {
  const power = (
    <b>
      <Quantity value={Math.abs(W)} unit="W" exponent={Math.abs(W) < 10_000 ? 1 : Math.abs(W) < 100_000 ? 2 : 3} />
    </b>
  );
  return <>{sayWith(W < 0 ? "fleet.to_grid_now" : "fleet.from_grid_now", { power })}</>;
}

/** Each state as a part of all homes; the same numbers stand in the chips. */
function SumBar() {
  const found = summary.value;
  return (
    <div class="sum-bar" aria-hidden="true">
      {found &&
        STATES.map(
          (one) =>
            (found.states[one] ?? 0) > 0 && (
              <i key={one} data-mark data-state={one} style={{ flexGrow: found.states[one] }} />
            ),
        )}
    </div>
  );
}

type Showing = { filter: Filter; show: (part: Partial<Filter>) => void };

function Chips({ filter, show }: Showing) {
  const found = summary.value;
  return (
    <div class="chips" role="group" aria-label={say("fleet.state")}>
      <button type="button" class="chip" aria-pressed={filter.state === ""} onClick={() => show({ state: "" })}>
        {say("fleet.all")} <span class="count">{found ? numberText(allOf(found)) : ""}</span>
      </button>
      {offered(found ?? { states: {} }, filter.state).map((one) => (
        <button
          key={one}
          type="button"
          class="chip"
          aria-pressed={filter.state === one}
          onClick={() => show({ state: filter.state === one ? "" : one })}
        >
          <i class="home-dot" data-state={one} />
          {stateName(one)} <span class="count">{found ? numberText(found.states[one] ?? 0) : ""}</span>
        </button>
      ))}
    </div>
  );
}

/** Homes with an alert, or that send a level. */
function Flags({ filter: { flag }, show }: Showing) {
  const found = summary.value ?? { flags: {} };
  const name = (one: string) => one.slice(one.indexOf(".") + 1);
  const groups = [
    {
      label: say("fleet.flag_alerts"),
      flags: flagsOf(found, "alert", flag),
      text: (one: string) => alertText(name(one)),
    },
    {
      label: say("fleet.flag_levels"),
      flags: flagsOf(found, "level", flag),
      text: (one: string) => levelText(name(one)),
    },
  ];
  return (
    <select aria-label={say("fleet.flag")} value={flag} onChange={(event) => show({ flag: event.currentTarget.value })}>
      <option value="">{say("fleet.all_flags")}</option>
      {groups.map(
        ({ label, flags, text }) =>
          flags.length > 0 && (
            <optgroup key={label} label={label}>
              {flags.map(([one, homes]) => (
                <option key={one} value={one}>
                  {`${text(one)} (${numberText(homes)})`}
                </option>
              ))}
            </optgroup>
          ),
      )}
    </select>
  );
}

/** Organisations, flags and versions, where there is a choice. */
function Choices({ filter, show }: Showing) {
  const versions = summary.value ? versionsOf(summary.value) : [];
  const known = filter.version && !versions.includes(filter.version) ? [...versions, filter.version] : versions;
  return (
    <div class="choices">
      {organisations.value.length > 1 && (
        <select
          aria-label={say("fleet.organisation")}
          value={filter.org === null ? "" : String(filter.org)}
          onChange={(event) =>
            show({ org: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })
          }
        >
          <option value="">{say("fleet.all_organisations")}</option>
          {organisations.value.map((one) => (
            <option key={one.id} value={String(one.id)}>
              {one.name}
            </option>
          ))}
        </select>
      )}
      <Flags filter={filter} show={show} />
      <select
        aria-label={say("fleet.version")}
        value={filter.version}
        onChange={(event) => show({ version: event.currentTarget.value })}
      >
        <option value="">{say("fleet.all_versions")}</option>
        {known.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What is typed is searched for once the typing pauses. */
function Search({ q, search }: { q: string; search: (q: string) => void }) {
  const [draft, setDraft] = useState(q);
  const newest = useRef(search);
  newest.current = search;
  useEffect(() => setDraft(q), [q]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed is searched for
  useEffect(() => {
    if (draft === q) return;
    const timer = setTimeout(() => newest.current(draft.trim()), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <input
      class="search"
      type="search"
      maxLength={200}
      autoComplete="off"
      spellcheck={false}
      aria-label={say("fleet.search")}
      placeholder={say("fleet.search_for")}
      value={draft}
      onInput={(event) => setDraft(event.currentTarget.value)}
    />
  );
}

function Homes({ filter, more }: { filter: Filter; more: () => void }) {
  const rows = loaded.value?.rows ?? [];
  const openId = query.value.get("open") ?? "";
  const open = rows.findIndex((one) => one.id === openId);
  const [panel, setPanel] = useState(wide.matches ? 244 : 460);
  const row = useRowHeight();
  const body = useRef<HTMLDivElement>(null);
  const list: List = { count: rows.length, row, open, panel };
  const drawn = useDrawn(body, list, more);
  const toggle = (id: string) =>
    go(addressOf(filter) + (id === openId ? "" : `${addressOf(filter).includes("?") ? "&" : "?"}open=${id}`), true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `rows` by `loaded`, of which they are
  useEffect(() => {
    const near = rows.slice(Math.max(0, drawn.first - WATCHED), drawn.end + WATCHED).map((one) => one.id);
    watch({ homes: near });
  }, [drawn.first, drawn.end, rows.length, loaded.value]);
  const isEmpty = loaded.value !== undefined && !rows.length;
  if (isEmpty) return <Empty filter={filter} />;
  return (
    <>
      <div
        class="homes"
        role="table"
        aria-label={say("fleet.homes")}
        aria-rowcount={(summary.value?.homes ?? rows.length) + 1}
        aria-busy={loaded.value === undefined}
      >
        <Head />
        <div
          role="rowgroup"
          ref={body}
          style={{
            paddingTop: `${drawn.before}px`,
            paddingBottom: `${drawn.after}px`,
            minHeight: loaded.value ? undefined : "60vh",
          }}
        >
          {rows.slice(drawn.first, drawn.end).map((one, index) => (
            <HomeLine key={one.id} row={one} index={drawn.first + index + 2} isOpen={one.id === openId} toggle={toggle}>
              {one.id === openId && (
                <Measured take={setPanel}>
                  <Opened key={one.id} row={one} />
                </Measured>
              )}
            </HomeLine>
          ))}
        </div>
      </div>
      <p class="soft small" role="status">
        {loaded.value &&
          summary.value &&
          say(loaded.value.next ? "fleet.loaded_of" : "fleet.loaded_all", {
            count: numberText(rows.length),
            all: numberText(Math.max(rows.length, summary.value.homes)),
          })}
      </p>
    </>
  );
}

function Empty({ filter }: { filter: Filter }) {
  const isFiltered = addressOf(filter) !== "/";
  return (
    <Notice>
      {isFiltered ? say("fleet.none_found") : say(may("operator") ? "fleet.none_yet_operator" : "fleet.none_yet")}{" "}
      {isFiltered ? (
        <a href="/">{say("fleet.show_all")}</a>
      ) : (
        may("operator") && <a href="/settings#join">{say("fleet.invite")}</a>
      )}
    </Notice>
  );
}

function Head() {
  return (
    <div class="hd" role="rowgroup">
      <div role="row" aria-rowindex={1}>
        <span role="columnheader">{say("fleet.home")}</span>
        <span role="columnheader">{say("fleet.state")}</span>
        <span role="columnheader" class="number">
          {say("fleet.now")}
        </span>
        <span role="columnheader" class="number">
          {say("fleet.today")}
        </span>
        <span role="columnheader" class="number">
          {say("fleet.contact")}
        </span>
        <span role="columnheader" class="number">
          {say("fleet.devices")}
        </span>
        <span role="columnheader" class="number">
          {say("fleet.version")}
        </span>
      </div>
    </div>
  );
}

/** The panel of an open row; the list is given its height. */
function Measured({ take, children }: { take: (height: number) => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `take` only sets a state
  useLayoutEffect(() => {
    const measured = box.current;
    if (!measured) return;
    const observer = new ResizeObserver(() => take(measured.offsetHeight));
    observer.observe(measured);
    take(measured.offsetHeight);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="open" ref={box} role="row">
      <div role="cell">{children}</div>
    </div>
  );
}

function useRowHeight(): number {
  const isWide = useSignal(wide.matches);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a signal is the same one each time
  useEffect(() => {
    const look = () => (isWide.value = wide.matches);
    wide.addEventListener("change", look);
    return () => wide.removeEventListener("change", look);
  }, []);
  return isWide.value ? 44 : 64; // as in homes.css
}

/** The rows to draw, which follow the scrolling of the window; more are asked for before the end is reached. */
function useDrawn(body: { current: HTMLElement | null }, list: List, more: () => void) {
  const [at, setAt] = useState({ top: 0, height: innerHeight });
  const newest = useRef({ list, more });
  newest.current = { list, more };
  const isDrawn = list.count > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the element is there once a row is
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const top = -(body.current?.getBoundingClientRect().top ?? 0);
      const { row } = newest.current.list;
      setAt((last) =>
        Math.abs(last.top - top) < row && last.height === innerHeight ? last : { top, height: innerHeight },
      );
      if (isNearEnd(newest.current.list, top, innerHeight)) newest.current.more();
    };
    const soon = () => (frame ||= requestAnimationFrame(look));
    look();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [isDrawn]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once more rows are there; scrolling asks by itself
  useEffect(() => {
    if (list.count && isNearEnd(list, at.top, at.height)) more();
  }, [list.count]);
  return drawnOf(list, at.top, at.height);
}
