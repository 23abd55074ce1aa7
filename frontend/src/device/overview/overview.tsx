/** What everybody wants of a device: what it does now, its switch, its energy, its day, and what happened. */
import type { Device } from "../../data/shapes";
import { laterPart } from "../../routing/later";
import { now } from "../../data/live";
import { hasInfrared, hasSecurity, isGateway } from "../gateway/gateway-facts";
import { headlineOf, relayOf } from "../../devices/roles";
import { RulesOfDevice } from "../../rules/of-device";
import { awaitsSchedule, hasSchedule } from "../schedule/rules";
import { DayChart } from "./day-chart";
import { DeviceAlerts } from "./device-alerts";
import { EnergyFacts } from "./energy-facts";
import { Now } from "./now";
import { usePast } from "./past";
import { Everyday, Readings } from "./readings";
import { ScheduleSummary } from "./schedule-summary";
import { WhatHappened } from "./what-happened";
import "./overview.css";

const Gateway = laterPart<{ device: Device }>(
  "device/gateway/gateway",
  () => import("../gateway/gateway").then((part) => part.Gateway),
  "place",
);
const Security = laterPart<{ device: Device }>(
  "device/security/security",
  () => import("../security/security").then((part) => part.Security),
  "place",
);
const Infrared = laterPart<{ device: Device }>(
  "device/infrared/infrared",
  () => import("../infrared/infrared").then((part) => part.Infrared),
  "place",
);

export function Overview({ device }: { device: Device }) {
  const past = usePast(device, relayOf(device)?.key);
  const drawn = isGateway(device) ? undefined : (headlineOf(device) ?? relayOf(device));
  return (
    <>
      <div class="cols">
        <div class="narrow-part">
          <DeviceAlerts device={device} />
          <Now device={device} past={past} />
          <EnergyFacts device={device} />
          <Everyday device={device} />
          {!isGateway(device) && <Readings device={device} />}
          {hasSecurity(device) && <Security device={device} />}
        </div>
        <div class="wide-part">
          {isGateway(device) && <Gateway device={device} />}
          {(drawn?.kind === "number" || drawn?.kind === "switch") && <DayChart device={device} point={drawn} />}
        </div>
      </div>
      <div class="cols">
        <div class="narrow-part">
          {(hasSchedule(device) || awaitsSchedule(device, now.value)) && <ScheduleSummary device={device} />}
          {hasInfrared(device) && <Infrared device={device} />}
          <RulesOfDevice id={device.id} />
        </div>
        <div class="wide-part">
          <WhatHappened device={device} past={past} />
        </div>
      </div>
    </>
  );
}
