/**
 * The page of one home: what the components of a hub's page ask for is answered by the fleet, or by the home through it.
 *
 *     /api/history ──► /api/fleet/homes/ID/history          /api/devices/… ──► /api/fleet/homes/ID/api/devices/…
 *     a switch     ──► POST /api/fleet/commands             readings       ◄── live messages, or the newest of the copy
 */
import { signal } from "@preact/signals";

import { carryBy, type PointCommand } from "../../data/commands";
import { address, get, HubError, placeApi, post } from "../../data/http";
import { now, receive, timezone } from "../../data/live";
import { MOST_SERIES } from "../../data/series";
import type { Change, Live, Value } from "../../data/shapes";
import { mainOf, POWER } from "../../devices/points";
import { placePages } from "../../routing/place";
import { fateText, isOpen } from "../commands/fate";
import { HERE } from "../here";
import { onChanges, takeLive, watch } from "../live";
import { apiOfHome, placeOfHome } from "../paths";
import type { Commands, FleetCommand, FleetHome, HomeHistory, SentCommands } from "../shapes";
import { devicesOf, roleIn, snapshotOf } from "./catalogue";

const UNTIL_S = 600; // for which a switch on this page counts
const PATIENCE_MS = 20_000; // for which a switch is shown as pending
const ASK_MS = 2_000;
export const SILENCE_MS = 20_000; // without a message of the home; it sends at least one every 5 s

let current = "";
let silence: ReturnType<typeof setTimeout> | undefined;
/** Whether the home itself says what it does now. */
export const isLooked = signal(false);
/** Whether it has said so, but does not any more. */
export const isSilent = signal(false);
/** Whether finer values are asked of the home. */
export const asksHome = signal(false);

export function enterHome(id: string): void {
  current = id;
  isLooked.value = false;
  endSilence();
  asksHome.value = false;
  placeApi(apiOfHome(id, () => asksHome.peek()));
  placePages(placeOfHome(id), (device) => `${placeOfHome(id, "history")}?device=${encodeURIComponent(device)}`);
  carryBy((device, point, value) => carry(id, device, point, value));
  receive({
    snapshot: {
      at: now.peek(),
      version: "",
      timezone: HERE,
      name: "",
      role: "read",
      devices: [],
      readings: [],
      alerts: [],
    },
  });
}

export function leaveHome(id: string): void {
  if (current !== id) return; // another home was entered
  current = "";
  endSilence();
  placeApi((path) => path);
  watch({ look: "", homes: [] });
  timezone.value = HERE;
}

function endSilence(): void {
  clearTimeout(silence);
  isSilent.value = false;
}

/** Show what the catalogue says, and then what the home says itself, if it answers. */
export function showHome(home: FleetHome): void {
  const role = roleIn(home);
  takeLive((live: Live) => {
    isLooked.value = true;
    endSilence();
    silence = setTimeout(() => (isSilent.value = true), SILENCE_MS);
    receive(live.snapshot ? { ...live, snapshot: { ...live.snapshot, role } } : live);
  });
  watch({ homes: [home.row.id], look: home.let_out.questions && home.row.state !== "revoked" ? home.row.id : "" });
  if (isLooked.peek()) return;
  receive({ snapshot: snapshotOf(home, now.peek()) });
  void showNewest(home);
}

/** The newest values of the copy, as readings of their time. */
async function showNewest(home: FleetHome): Promise<void> {
  const devices = devicesOf(home);
  const series = devices.flatMap((one) =>
    [...new Set([POWER, "on", mainOf(one)?.key ?? ""])]
      .filter((key) => one.points.some((point) => point.key === key))
      .map((key) => `${one.id}.${key}`),
  );
  const lastContact = home.row.seen ? Date.parse(home.row.seen) / 1000 : now.peek();
  for (let index = 0; index < series.length && current === home.row.id && !isLooked.peek(); index += MOST_SERIES) {
    const asked = {
      series: series.slice(index, index + MOST_SERIES),
      start: Math.floor(lastContact - 7200),
      end: Math.ceil(lastContact + 60),
      points: 100,
      source: "fleet",
    };
    const answer = await get<HomeHistory>(address("/api/history", asked)).catch(() => undefined);
    if (!answer || isLooked.peek() || current !== home.row.id) return;
    receive({ changes: { at: now.peek(), readings: answer.series.flatMap(newestReading) } });
  }
}

function newestReading({ device, point, at, value }: HomeHistory["series"][number]): Change[] {
  const last = value.findLastIndex((one) => one !== null);
  return last < 0 ? [] : [[device, point, value[last] as Value, at[last] ?? 0, "good", []]];
}

/** A command through the fleet; what became of it, once the home says so, or after a while how far it is. */
async function carry(home: string, device: string, point: string, value: Value): Promise<PointCommand | undefined> {
  try {
    const sent = await post<SentCommands>("/api/fleet/commands", {
      device,
      point,
      value,
      homes: [home],
      until_s: UNTIL_S,
    });
    const [given] = sent.commands;
    const problem = sent.targets.find((one) => one.problem)?.problem;
    if (!given) return { state: "failed", value, reason: problem ?? "" };
    const last = await settled(given);
    if (last.state === "confirmed") return undefined;
    return {
      state: isOpen(last) || last.state === "held" ? "held" : "failed",
      value,
      reason: fateText(last, now.peek(), timezone.peek()),
    };
  } catch (error) {
    return { state: "failed", value, reason: error instanceof HubError ? error.message : String(error) };
  }
}

/** The command when its outcome is known; after a while as it is then. */
function settled(given: FleetCommand): Promise<FleetCommand> {
  if (!isOpen(given)) return Promise.resolve(given);
  return new Promise((resolve) => {
    let last = given;
    const look = (all: readonly FleetCommand[]) => {
      last = all.find((one) => one.id === given.id) ?? last;
      if (!isOpen(last)) end();
    };
    const stop = onChanges((changes) => look(changes.commands ?? []));
    const timer = setInterval(
      () =>
        void get<Commands>(address("/api/fleet/commands", { batch: given.batch })).then(
          (answer) => look(answer.commands),
          () => undefined,
        ),
      ASK_MS,
    );
    const late = setTimeout(() => end(), PATIENCE_MS);
    const end = () => {
      stop();
      clearInterval(timer);
      clearTimeout(late);
      resolve(last);
    };
    watch({ commands: given.batch });
  });
}
