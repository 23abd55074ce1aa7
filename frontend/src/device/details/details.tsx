/** What only experts need of a device: identity, points, link, tools, frames. */
import { useEffect } from "preact/hooks";

import { query } from "../../routing/router";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import { About } from "../identity/about";
import { Actions, shownActions } from "./actions/actions";
import { hasConsole } from "./console/commands";
import { Console } from "./console/console";
import { ConfiguredKeys } from "./hub/configured-keys";
import { HubLog } from "./hub/hub-log";
import { Recording } from "./hub/recording";
import { Points } from "./points/points";
import { Frames } from "./wire/frames-list";
import { Statistics } from "./wire/statistics";
import "./details.css";

export function Details({ device }: { device: Device }) {
  const shown = query.value.get("show");
  useEffect(() => {
    if (shown) document.getElementById("shown")?.scrollIntoView({ block: "center" });
  }, [shown]);
  return (
    <>
      <div class="cols">
        <div class="narrow-part">
          <About device={device} isReportOpen={shown === "report"} />
          <ConfiguredKeys device={device} />
        </div>
        <div class="wide-part">
          <section aria-labelledby="points">
            <h2 id="points">{say("device.points")}</h2>
            <Points device={device} />
          </section>
        </div>
      </div>
      <Statistics device={device} />
      {shownActions(device).length > 0 && <Actions device={device} />}
      {hasConsole(device) && <Console key={device.id} device={device} />}
      <Frames device={device} />
      <Recording device={device} />
      <HubLog device={device} />
    </>
  );
}
