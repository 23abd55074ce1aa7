/**
 * The question before a device that is marked as critical is switched. The dialog is made for each question, so that
 * every switch of the page can ask it; when it closes, the focus returns to where it was.
 */
import { render } from "preact";

import { devices } from "../data/live";
import type { Device } from "../data/shapes";
import { behind, nameOf } from "../devices/points";
import { Names, sayWith } from "../text/rich";
import { say } from "../text/words";
import { ConfirmDialog } from "./dialog";

/** Whether the person confirms that the device is switched on, or off. */
export function confirmed(device: Device, isOn: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    document.body.append(place);
    const close = (answer: boolean) => {
      render(null, place);
      place.remove();
      resolve(answer);
    };
    render(<Confirmation device={device} isOn={isOn} onAnswer={close} />, place);
  });
}

type Props = { device: Device; isOn: boolean; onAnswer: (answer: boolean) => void };

function Confirmation({ device, isOn, onAnswer }: Props) {
  const cutOff = isOn ? [] : behind(device, devices.value).map(nameOf);
  return (
    <ConfirmDialog
      title={sayWith(isOn ? "confirm.on" : "confirm.off", { device: <bdi>{nameOf(device)}</bdi> })}
      act={say(isOn ? "confirm.do_on" : "confirm.do_off")}
      answer={onAnswer}
    >
      {cutOff.length > 0 && <p>{sayWith("confirm.behind", { devices: <Names names={cutOff} /> })}</p>}
      {device.produces && !isOn && <p>{say("confirm.produces")}</p>}
    </ConfirmDialog>
  );
}
