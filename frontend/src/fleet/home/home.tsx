/** One home: what it does, its history, its devices, its events. What is shown says who gave it: the fleet's copy, or the home. */
import { useEffect, useMemo, useState } from "preact/hooks";

import { now } from "../../data/live";
import { usePolled } from "../../data/polled";
import { Amount } from "../../history/amounts";
import { Fact } from "../../parts/fact";
import { Notice } from "../../parts/notice";
import { Quantity } from "../../parts/quantity";
import { laterPart } from "../../routing/later";
import { ageText, countText, NOTHING } from "../../text/format";
import { say } from "../../text/words";
import { stateText } from "../homes/words";
import { may, onChanges, organisationName, organisations } from "../live";
import { DEPTHS, placeOfHome, type Depth } from "../paths";
import type { FleetHome, HomeRow } from "../shapes";
import { HERE } from "../here";
import { enterHome, leaveHome, showHome } from "./enter";
import { forgotten } from "./forgotten";
import "./home.css";

const Overview = laterPart<{ home: FleetHome }>(
  "fleet/home/overview",
  () => import("./overview").then((part) => part.Overview),
  "skeleton tall",
);
const History = laterPart<{ home: FleetHome }>(
  "fleet/home/history",
  () => import("./history").then((part) => part.HomeHistoryPart),
  "skeleton tall",
);
const Events = laterPart<{ home: FleetHome }>(
  "fleet/events/of-home",
  () => import("../events/of-home").then((part) => part.EventsOfHome),
  "skeleton tall",
);
const ManagePart = laterPart<{ home: FleetHome; refresh: () => void }>(
  "fleet/home/manage",
  () => import("./manage").then((part) => part.Manage),
  "skeleton tall",
);
const PARTS = { overview: Overview, history: History, events: Events, manage: ManagePart } as const;

const POLL_MS = 60_000;

export function HomePage({ id, depth }: { id: string; depth: Depth }) {
  useMemo(() => enterHome(id), [id]);
  useEffect(() => () => leaveHome(id), [id]);
  const { value, error, again } = usePolled<FleetHome>(`/api/fleet/homes/${id}`, POLL_MS);
  const row = useRow(id, value?.row);
  const home = useMemo(() => value && row && { ...value, row }, [value, row]);
  useEffect(() => {
    if (value) showHome(value);
  }, [value]);
  return (
    <main class="home-page">
      <p>
        <a class="back" href="/">
          {say("fleet.all_homes")}
        </a>
      </p>
      {forgotten.value?.id === id ? (
        <p role="status">{forgotten.value.text}</p>
      ) : (
        <>
          {!home && <h1 class={error ? "" : "hidden-text"}>{say("fleet.home")}</h1>}
          {error && (
            <Notice kind="fault" again={again}>
              {error}
            </Notice>
          )}
          {home ? (
            <Known home={home} depth={depth} refresh={again} />
          ) : (
            !error && <div class="skeleton tall" aria-busy="true" />
          )}
        </>
      )}
    </main>
  );
}

/** The row of a home, as the stream changes it. */
function useRow(id: string, loaded: HomeRow | undefined): HomeRow | undefined {
  const [fresh, setFresh] = useState<{ over: HomeRow | undefined; row: HomeRow }>();
  useEffect(
    () =>
      onChanges(({ homes }) => {
        const row = homes?.find((one) => one.id === id);
        if (row) setFresh({ over: loaded, row });
      }),
    [id, loaded],
  );
  return fresh && fresh.over === loaded ? fresh.row : loaded;
}

function Known({ home, depth, refresh }: { home: FleetHome; depth: Depth; refresh: () => void }) {
  const { row } = home;
  const Part = PARTS[depth];
  const depths = DEPTHS.filter((one) => one !== "manage" || one === depth || may("operator", row.organisation));
  const where = [row.place, organisations.value.length > 1 ? organisationName(row.organisation) : ""].filter(Boolean);
  return (
    <>
      <div class="beside-title">
        <h1>
          <bdi>{row.name || row.id}</bdi>
        </h1>
        {where.length > 0 && <p class="soft">{where.join(" · ")}</p>}
        {may("operator", row.organisation) && (
          <a class="button" href={`/commands?home=${row.id}`}>
            {say("fleet.command")}
          </a>
        )}
      </div>
      <p class="home-state">
        <i class="home-dot" data-state={row.state} />
        {stateText(row, Math.floor(now.value / 5) * 5)}
      </p>
      <Facts home={home} />
      <nav class="line-tabs" aria-label={say("fleet.parts_of_home")}>
        {depths.map((one) => (
          <a key={one} href={placeOfHome(row.id, one)} aria-current={one === depth ? "page" : undefined}>
            {say(`fleet.part_${one}`)}
          </a>
        ))}
      </nav>
      <Part key={depth} home={home} refresh={refresh} />
    </>
  );
}

function Facts({ home: { row, timezone } }: { home: FleetHome }) {
  const isHeard = row.state !== "offline" && row.state !== "new" && row.state !== "revoked";
  const amount = (Wh: number | null) => (Wh === null ? NOTHING : <Amount Wh={Wh} />);
  return (
    <dl class="home-facts">
      <Fact name={say("fleet.now")}>
        {isHeard && row.power_W !== null ? <Quantity value={row.power_W} unit="W" exponent={0} /> : NOTHING}
      </Fact>
      <Fact name={say("fleet.import_today")}>{amount(row.import_Wh)}</Fact>
      {row.export_Wh !== null && <Fact name={say("fleet.export_today")}>{amount(row.export_Wh)}</Fact>}
      {row.solar_Wh !== null && <Fact name={say("fleet.solar_today")}>{amount(row.solar_Wh)}</Fact>}
      <Fact name={say("fleet.last_contact")}>
        {row.seen
          ? say("app.ago", { age: ageText(Math.max(1, Math.floor(now.value / 5) * 5 - Date.parse(row.seen) / 1000)) })
          : NOTHING}
      </Fact>
      <Fact name={say("fleet.devices")}>{countText(row.devices)}</Fact>
      <Fact name={say("fleet.version")}>{row.version || NOTHING}</Fact>
      {timezone !== HERE && <Fact name={say("fleet.its_zone")}>{timezone.replaceAll("_", " ")}</Fact>}
    </dl>
  );
}
