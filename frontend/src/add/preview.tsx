/** The card of a device that is not added yet, with the values of its test. */
import { Spark } from "../charts/spark";
import { byId } from "../data/live";
import { Track } from "../data/track";
import type { Device, LinkTest } from "../data/shapes";
import { mainOf, nameOf, pointOf, POWER, switchOf } from "../devices/points";
import { NOTHING, valueText } from "../text/format";
import { say } from "../text/words";
import type { NewDevice } from "./requests";

const STEP_S = 1;
const DOTS = 61;

type Props = { device: NewDevice; test: LinkTest | undefined; mark: (device: Device) => string };

export function Preview({ device, test, mark }: Props) {
  const found = test?.devices[0];
  const colour = device.produces ? "var(--solar)" : found ? mark(found) : "var(--rest)";
  const parent = byId.value.get(device.parent);
  const sub = [device.room, parent ? say("add.preview_inside", { parent: nameOf(parent) }) : ""]
    .filter(Boolean)
    .join(" · ");
  return (
    <div class="preview" style={{ "--mark": colour }}>
      <i class="mark" />
      <div class="text">
        <strong>{device.name.trim() || NOTHING}</strong>
        <span class="small soft">{sub || " "}</span>
      </div>
      {test && found && <Values test={test} found={found} colour={colour} />}
    </div>
  );
}

function Values({ test, found, colour }: { test: LinkTest; found: Device; colour: string }) {
  const shown = pointOf(found, test.traced) ?? mainOf(found);
  const control = switchOf(found);
  const value = (key: string) => test.readings.find((one) => one.device === found.id && one.point === key)?.value;
  const isOn = control && value(control.key) === true;
  return (
    <>
      <span class="curve">
        {test.trace.length > 1 && <Spark values={evenly(test)} zero={test.traced === POWER} mark={colour} />}
      </span>
      <span class="value">{shown ? valueText(value(shown.key), shown) : NOTHING}</span>
      {control && <span class="state small soft">{say(isOn ? "app.on" : "app.off")}</span>}
    </>
  );
}

function evenly(test: LinkTest): (number | null)[] {
  const track = new Track();
  for (const [at, value] of test.trace) track.add(at, value);
  return track.evenly(test.trace.at(-1)?.[0] ?? 0, STEP_S, DOTS);
}
