/** The History page: power, energy and other quantities over any period. */
import { computed } from "@preact/signals";
import { useState } from "preact/hooks";

import { dayOf, dayText, dayFrom, spanOf, type Span } from "../time/calendar";
import { IMPORT } from "../history/energy";
import { EnergyPanel } from "../history/energy_panel";
import { LinePanels } from "../history/line_panels";
import { CostPanel, EditsPanel, HeatPanel, LoadPanel, UnusualPanel } from "../history/panels";
import { NoTariff } from "../costs/tabs";
import { activeOf, useTariffs } from "../costs/tariffs";
import { addressOf, ENERGY, HOURS, LOAD, MEASURES, UNUSUAL, viewOf, type View } from "../history/view";
import { candidates, chosen, quantities } from "../history/selection";
import { Toolbar } from "../history/toolbar";
import { devices, now, timezone, version } from "../data/live";
import { markOf } from "../charts/palette";
import { Notice } from "../parts/notice";
import { go, query } from "../routing/router";
import { say } from "../text/words";
import "./history.css";

const today = computed(() => dayText(dayOf(now.value, timezone.value)));

export function HistoryPage() {
  return (
    <main class="history">
      <h1 class="hidden-text">{say("app.history")}</h1>
      {version.value ? <Known /> : <div class="skeleton history-waits" aria-busy="true" />}
    </main>
  );
}

/** The page after the first snapshot, which contains the time zone and the devices. */
function Known() {
  const day = dayFrom(today.value) ?? dayOf(now.peek(), timezone.value);
  const view = viewOf(query.value, day);
  const found = useTariffs();
  const tariff = activeOf(found);
  const measures = MEASURES.filter((one) => one === "energy" || (one === "cost" ? tariff : found?.carbon && tariff));
  const able = candidates(devices.value, view.what);
  const shown = chosen(able, view);
  const show = (next: View, replace = false) => visit(addressOf(next, day), replace);
  const [moving, setMoving] = useState<Span | null>(null);
  const period = spanOf(view.range, view.on, timezone.value);
  const alone = shown.length === 1 ? shown[0] : undefined;
  const isEditable = ![HOURS, LOAD, UNUSUAL].some((one) => view.what.includes(one));
  const common = { view, period, able, shown, today: day, colour: markOf, show };
  return (
    <>
      <Toolbar
        {...common}
        chosen={shown}
        quantities={quantities(devices.value)}
        measures={measures}
        currency={tariff?.currency ?? "EUR"}
      />
      {!shown.length ? (
        <Notice>{say(able.length ? "history.no_device_chosen" : "history.no_devices")}</Notice>
      ) : view.what.includes(HOURS) ? (
        <HeatPanel {...common} />
      ) : view.what.includes(LOAD) ? (
        <LoadPanel {...common} />
      ) : view.what.includes(UNUSUAL) ? (
        <UnusualPanel {...common} />
      ) : view.what.includes(ENERGY) && view.measure !== "energy" && found && !tariff ? (
        <NoTariff />
      ) : view.what.includes(ENERGY) && view.measure !== "energy" ? (
        <CostPanel {...common} />
      ) : view.what.includes(ENERGY) ? (
        <EnergyPanel {...common} />
      ) : (
        <LinePanels {...common} moving={moving} move={setMoving} />
      )}
      {isEditable && alone && (
        <EditsPanel
          key={alone.id}
          device={alone}
          span={view.zoom ?? period}
          point={view.what[0] === ENERGY ? IMPORT : (view.what[0] ?? "")}
        />
      )}
    </>
  );
}

/** Navigation without scrolling to the top, as `go` does for new pages. */
function visit(address: string, replace: boolean): void {
  if (!replace && address !== location.pathname + location.search) history.pushState(null, "", address);
  go(address, true);
}
