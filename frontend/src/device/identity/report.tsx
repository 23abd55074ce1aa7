/** "Report this product": the facts of a product as text for a report. */
import { useState } from "preact/hooks";

import { copied } from "../../text/copy";
import { Notice } from "../../parts/notice";
import { usePolled } from "../../data/polled";
import type { Device, ProductFacts } from "../../data/shapes";
import { say } from "../../text/words";

export function Report({ device, isFirstOpen = false }: { device: Device; isFirstOpen?: boolean }) {
  const [isOpen, setOpen] = useState(isFirstOpen);
  return (
    <details
      class="plain report"
      id={isFirstOpen ? "shown" : undefined}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{say("device.report")}</summary>
      {isOpen && <Facts device={device} />}
    </details>
  );
}

function Facts({ device }: { device: Device }) {
  const { value, error, again } = usePolled<ProductFacts>(`/api/devices/${encodeURIComponent(device.id)}/product`);
  const [note, setNote] = useState("");
  const text = value?.markdown.join("\n") ?? "";
  const copy = async () => setNote(say((await copied(text)) ? "device.copied" : "device.not_copied"));
  if (error)
    return (
      <Notice kind="fault" again={again}>
        {error}
      </Notice>
    );
  return (
    <>
      <p class="soft">{say("device.report_text")}</p>
      <textarea
        class="facts-text"
        readOnly
        rows={12}
        aria-label={say("device.report_label")}
        aria-busy={value ? undefined : true}
        value={text}
      />
      <div class="row-of">
        <button type="button" disabled={!value} onClick={() => void copy()}>
          {say("device.copy_report")}
        </button>
        <button type="button" onClick={again}>
          {say("device.refresh")}
        </button>
        <span role="status" class="soft small">
          {note}
        </span>
      </div>
    </>
  );
}
