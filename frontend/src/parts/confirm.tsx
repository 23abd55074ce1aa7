/**
 * The question before a device that is marked as critical is switched. The dialog is made for each question, so that
 * every switch of the page can ask it; when it closes, the focus returns to where it was.
 */
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { devices } from "../data/live";
import type { Device } from "../data/shapes";
import { behind, nameOf } from "../devices/points";
import { Names, sayWith } from "../text/rich";
import { say } from "../text/words";

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

function Confirmation({
  device,
  isOn,
  onAnswer,
}: {
  device: Device;
  isOn: boolean;
  onAnswer: (answer: boolean) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const cutOff = isOn ? [] : behind(device, devices.value).map(nameOf);
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      onClose={() => onAnswer(dialog.current?.returnValue === "yes")}
    >
      <h2 id="confirm-title">
        {sayWith(isOn ? "confirm.on" : "confirm.off", { device: <bdi>{nameOf(device)}</bdi> })}
      </h2>
      <div id="confirm-text">
        {cutOff.length > 0 && <p>{sayWith("confirm.behind", { devices: <Names names={cutOff} /> })}</p>}
        {device.produces && !isOn && <p>{say("confirm.produces")}</p>}
      </div>
      <form method="dialog" class="row-of">
        {/* biome-ignore lint/a11y/noAutofocus: the first focus in its dialog */}
        <button type="submit" value="no" autoFocus>
          {say("device.cancel")}
        </button>
        <button type="submit" value="yes" class="main">
          {say(isOn ? "confirm.do_on" : "confirm.do_off")}
        </button>
      </form>
    </dialog>
  );
}
