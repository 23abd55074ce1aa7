/** The history of a home, with the components of its own page; what is asked for is answered by the fleet, or by the home. */
import { computed } from "@preact/signals";
import { useState } from "preact/hooks";

import { markOf } from "../../charts/palette";
import { devices, now, timezone, version } from "../../data/live";
import { forgetAnswers } from "../../history/answers";
import { dayFrom, dayOf, dayText, spanOf, type Span } from "../../time/calendar";
import { EnergyPanel } from "../../history/energy_panel";
import { LinePanels } from "../../history/line_panels";
import { HeatPanel, LoadPanel } from "../../history/panels";
import { candidates, chosen, quantities } from "../../history/selection";
import { Toolbar } from "../../history/toolbar";
import { addressOf, ENERGY, HOURS, LOAD, UNUSUAL, viewOf, type View } from "../../history/view";
import { Notice } from "../../parts/notice";
import { go, query } from "../../routing/router";
import { say } from "../../text/words";
import type { FleetHome, HomeEnergy, HomeHistory } from "../shapes";
import { asksHome } from "./enter";
import { endOf, letOutText, sourceText } from "./source";
import "../../pages/history.css";

const today = computed(() => dayText(dayOf(now.value, timezone.value)));

export function HomeHistoryPart({ home }: { home: FleetHome }) {
  return (
    <div class="history home-history">
      <div class="beside-title">
        <p class="soft small">{letOutText(home)}</p>
        {home.let_out.questions && <AskHome />}
      </div>
      {version.value ? (
        <Shown key={String(asksHome.value)} without={home.let_out.questions ? [UNUSUAL] : [UNUSUAL, LOAD]} />
      ) : (
        <div class="skeleton history-waits" aria-busy="true" />
      )}
    </div>
  );
}

/** Whether the home itself is asked, which has finer values. */
function AskHome() {
  const choose = (asks: boolean) => {
    asksHome.value = asks;
    forgetAnswers();
  };
  return (
    <div class="seg" role="group" aria-label={say("fleet.who_answers")}>
      <button type="button" class="bare" aria-pressed={!asksHome.value} onClick={() => choose(false)}>
        {say("fleet.copy")}
      </button>
      <button type="button" class="bare" aria-pressed={asksHome.value} onClick={() => choose(true)}>
        {say("fleet.the_home")}
      </button>
    </div>
  );
}

function Shown({ without }: { without: readonly string[] }) {
  const day = dayFrom(today.value) ?? dayOf(now.peek(), timezone.value);
  const view = usable(viewOf(query.value, day), without);
  const able = candidates(devices.value, view.what);
  const shown = chosen(able, view);
  const show = (next: View, replace = false) => visit(addressOf(next, day), replace);
  const [moving, setMoving] = useState<Span | null>(null);
  const period = spanOf(view.range, view.on, timezone.value);
  const common = { view, period, able, shown, today: day, colour: markOf, show };
  const zone = timezone.value;
  const ofEnergy = (answer: object) => sourceText(answer as HomeEnergy, undefined, now.peek(), zone);
  const ofHistory = (answer: object) =>
    sourceText(answer as HomeHistory, endOf(answer as HomeHistory, now.peek()), now.peek(), zone);
  return (
    <>
      <Toolbar
        {...common}
        chosen={shown}
        quantities={quantities(devices.value)}
        measures={["energy"]}
        currency="EUR"
        without={without}
      />
      {!shown.length ? (
        <Notice>{say(able.length ? "history.no_device_chosen" : "fleet.no_devices_history")}</Notice>
      ) : view.what.includes(HOURS) ? (
        <HeatPanel {...common} />
      ) : view.what.includes(LOAD) ? (
        <LoadPanel {...common} />
      ) : view.what.includes(ENERGY) ? (
        <EnergyPanel {...common} about={ofEnergy} />
      ) : (
        <LinePanels {...common} moving={moving} move={setMoving} about={ofHistory} />
      )}
    </>
  );
}

/** What is unusual, and what it costs, only the home's own page knows. */
function usable(view: View, without: readonly string[]): View {
  return { ...view, what: view.what.some((one) => without.includes(one)) ? [ENERGY] : view.what, measure: "energy" };
}

/** Navigation without scrolling to the top. */
function visit(address: string, replace: boolean): void {
  if (!replace && address !== location.pathname + location.search) history.pushState(null, "", address);
  go(address, true);
}
