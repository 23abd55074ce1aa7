/** "⋯": what else there is of a device. */
import { useEffect, useRef, useState } from "preact/hooks";

import { role } from "../../data/live";
import type { Device } from "../../data/shapes";
import { say } from "../../text/words";
import { historyOf, placeOf } from "../places";

export function Menu({ device }: { device: Device }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const outside = (event: Event) => void (box.current?.contains(event.target as Node) || setOpen(false));
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [isOpen]);
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !isOpen) return;
    setOpen(false);
    button.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of what is in it
    <div class="device-menu" ref={box} onKeyDown={press}>
      <button
        type="button"
        ref={button}
        aria-label={say("device.more")}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">⋯</span>
      </button>
      {isOpen && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: a key on a link in it is a click
        <ul onClick={() => setOpen(false)}>
          <li>
            <a href={historyOf(device.id)}>{say("app.history")}</a>
          </li>
          <li>
            <a href={`${placeOf(device.id, "details")}?show=report`}>{say("device.report")}</a>
          </li>
          {role.value !== "read" && (
            <li>
              <a href={`${placeOf(device.id, "settings")}?show=remove`}>{say("device.remove_menu")}</a>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
