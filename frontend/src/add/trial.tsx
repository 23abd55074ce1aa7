/** The second step: what answers at an offer, live; or why nothing does. */
import { useState } from "preact/hooks";

import { now } from "../data/live";
import type { Device, LinkTest, Offer, Point, Value } from "../data/shapes";
import { titleOf as titleOfPoint } from "../devices/names";
import { mainOf, nameOf, pointOf, POWER, switchOf } from "../devices/points";
import { Notice } from "../parts/notice";
import { go } from "../routing/router";
import { ageText, NOTHING, quantity, valueText } from "../text/format";
import { say, type Id } from "../text/words";
import type { Followed } from "./follow";
import { baudOf, familyOf, titleOf } from "./offers";
import { addressOf, isActive } from "./progress";
import { setInTest } from "./requests";
import { Feet } from "./steps";
import { HEIGHT, SPAN_S, traceShape, WIDTH } from "./trace";

type Props = { offer: Offer | undefined; followed: Followed; mark: (device: Device) => string };

const METERS = ["emporia"];

export function TrialStep({ offer, followed, mark }: Props) {
  const { test, relation } = followed;
  const device = test?.devices[0];
  const answers = test?.phase === "answering";
  const isKnown = test?.proposal != null;
  return (
    <>
      <h1>{say("add.step_trial")}</h1>
      <p class="lead">{say(leadOf(answers ? device : undefined))}</p>
      <div class="panel trial" data-phase={test?.phase ?? relation}>
        {answers && device ? (
          <Answering key={device.id} test={test} device={device} mark={mark(device)} />
        ) : (
          <Waiting offer={offer} followed={followed} />
        )}
      </div>
      <ul class="row-list">
        <li>
          <div>
            {say(answers ? "add.nothing_moves" : "add.not_this")}
            <p class="small soft">
              {say(answers && device && switchOf(device) ? "add.nothing_moves_switch" : "add.nothing_moves_other")}
            </p>
          </div>
          <a class="button" href={addressOf()}>
            {say("add.another")}
          </a>
        </li>
      </ul>
      <Feet back={addressOf()}>
        {offer?.family && !isKnown && (test?.phase === "silent" || test?.phase === "failed") && (
          <a class="button" href={addressOf(offer.id, "naming")}>
            {say("add.all_the_same")}
          </a>
        )}
        <button
          type="button"
          class="main"
          aria-disabled={!isKnown || undefined}
          onClick={() => isKnown && offer && go(addressOf(offer.id, "naming"))}
        >
          {say("add.yes")}
        </button>
      </Feet>
    </>
  );
}

function leadOf(device: Device | undefined): Id {
  if (!device) return "add.lead_wait";
  if (METERS.includes(device.family)) return "add.lead_meter";
  return pointOf(device, POWER) ? "add.lead_plug" : "add.lead_other";
}

// --- while it is tried, and when that led to nothing --------------------------------------------------

function Waiting({ offer, followed }: { offer: Offer | undefined; followed: Followed }) {
  const { test, relation, refusal, begin } = followed;
  if (refusal) return <Ended title={say("add.failed_title")} text={refusal} again={begin} />;
  if (relation === "taken")
    return (
      <Ended title={say("add.replaced_title")} text={say("add.taken_text")} again={begin} verb={say("add.test_this")} />
    );
  if (relation === "replaced")
    return (
      <Ended title={say("add.replaced_title")} text={say("add.taken_text")} again={begin} verb={say("add.test_this")} />
    );
  if (test && !isActive(test)) return <Led test={test} again={begin} />;
  return (
    <>
      <p class="display" aria-hidden="true">
        {NOTHING}
      </p>
      <p role="status">{test ? attemptText(test) : say("add.listens")}</p>
      <p class="small soft">
        {[offer ? titleOf(offer) : "", test?.steps ? say("add.attempt", { step: test.step, steps: test.steps }) : ""]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <progress
        aria-label={say("add.lead_wait")}
        max={test?.steps || undefined}
        value={test?.steps ? test.step - 1 : undefined}
      />
    </>
  );
}

function attemptText(test: LinkTest): string {
  if (test.phase === "listening" || !test.family) return say("add.listens");
  const [family, baud] = [familyOf(test.family), baudOf(test.link)];
  return baud ? say("add.asks_at", { family, baud }) : say("add.asks", { family });
}

function Led({ test, again }: { test: LinkTest; again: () => void }) {
  if (test.phase === "silent") return <Ended title={say("add.silent_title")} text={test.problem} again={again} />;
  if (test.phase === "failed") return <Ended title={say("add.failed_title")} text={test.problem} again={again} />;
  return <Ended title={say("add.ended_title")} text={say("add.ended_text")} again={again} />;
}

function Ended({ title, text, again, verb }: { title: string; text: string; again: () => void; verb?: string }) {
  return (
    <div class="led" role="alert">
      <h2>{title}</h2>
      <p>{text}</p>
      <button type="button" onClick={again}>
        {verb ?? say("app.try_again")}
      </button>
    </div>
  );
}

// --- while it answers ---------------------------------------------------------------------------------

function Answering({ test, device, mark }: { test: LinkTest; device: Device; mark: string }) {
  const value = (key: string) => test.readings.find((one) => one.device === device.id && one.point === key)?.value;
  const control = switchOf(device);
  const shown = pointOf(device, test.traced) ?? mainOf(device);
  const parts = test.devices.slice(1);
  return (
    <>
      <div class="headline">
        <p class="display">{shown ? <Big value={value(shown.key)} point={shown} /> : NOTHING}</p>
        {control && <TrialSwitch point={control} value={value(control.key)} />}
      </div>
      {test.traced && shown && <Trace test={test} point={shown} mark={mark} />}
      <p class="small soft">
        {[test.title || familyOf(test.family), ...otherValues(test, device, shown), ageOf(test, device)]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {!test.readings.length && <p>{say("add.no_values")}</p>}
      {parts.length > 0 && <p class="small">{say("add.parts", { names: parts.map(nameOf).join(", ") })}</p>}
    </>
  );
}

function Big({ value, point }: { value: Value | undefined; point: Point }) {
  if (typeof value !== "number") return <>{valueText(value, point)}</>;
  const { number, unit } = quantity(value, point.unit, point.exponent);
  return (
    <>
      {number}
      {unit && <small> {unit}</small>}
    </>
  );
}

const MOST_OTHERS = 2;

/** `Voltage 229.4 V`: other numbers, the voltage first. */
function otherValues(test: LinkTest, device: Device, shown: Point | undefined): string[] {
  const isVoltage = ({ point }: { point: string }) => Number(point === "voltage_V");
  return [...test.readings]
    .sort((one, other) => isVoltage(other) - isVoltage(one))
    .filter((one) => one.device === device.id && one.point !== shown?.key && typeof one.value === "number")
    .flatMap((one) => {
      const point = pointOf(device, one.point);
      return point && point.kind === "number" && point.access === "r"
        ? [`${titleOfPoint(point)} ${valueText(one.value, point).replace(" ", "\u202f")}`]
        : [];
    })
    .slice(0, MOST_OTHERS);
}

function ageOf(test: LinkTest, device: Device): string {
  const newest = Math.max(
    ...test.readings.filter((one) => one.device === device.id).map((one) => Date.parse(one.at) / 1000),
  );
  return Number.isFinite(newest) ? say("app.ago", { age: ageText(Math.max(1, now.value - newest)) }) : "";
}

/** Pressed as the device itself reports it. */
function TrialSwitch({ point, value }: { point: Point; value: Value | undefined }) {
  const [pending, setPending] = useState(false);
  const [reason, setReason] = useState("");
  const press = async () => {
    setPending(true);
    setReason("");
    setReason(await setInTest(point.key, value !== true));
    setPending(false);
  };
  return (
    <div class="switching">
      <button
        type="button"
        class="bare large-switch"
        aria-label={say("add.switch")}
        aria-pressed={value === undefined ? "mixed" : value === true}
        aria-busy={pending}
        onClick={() => void (pending || press())}
      />
      <div role="status">{reason && <Notice>{reason}</Notice>}</div>
    </div>
  );
}

function Trace({ test, point, mark }: { test: LinkTest; point: Point; mark: string }) {
  const newest = test.trace.at(-1)?.[0] ?? now.value;
  const { line, area, ticks } = traceShape(test.trace, Math.max(now.value, newest), point.unit, point.key === POWER);
  return (
    <figure class="trace">
      <div class="plot" role="img" aria-label={say("add.trace", { point: titleOfPoint(point), seconds: SPAN_S })}>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          style={{ "--mark": mark }}
        >
          {ticks.map(({ top }) => (
            <path key={top} class="rule" d={`M0 ${(top / 100) * HEIGHT}H${WIDTH}`} />
          ))}
          <path class="wash" d={area} />
          <path class="line" d={line} />
        </svg>
        {ticks.map(({ top, text }) => (
          <span key={top} class="y small soft" style={{ top: `${top}%` }} aria-hidden="true">
            {text}
          </span>
        ))}
        <span class="x first small soft" aria-hidden="true">
          {say("app.ago", { age: `${SPAN_S} s` })}
        </span>
        <span class="x last small soft" aria-hidden="true">
          {say("now.axis_now")}
        </span>
      </div>
    </figure>
  );
}
