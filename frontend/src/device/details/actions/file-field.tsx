/** The choice of an update file: one of this computer, which is uploaded at once, or one that the hub has. */
import { useId } from "preact/hooks";

import { bytesText } from "../../../settings/text";
import { usePolled } from "../../../data/polled";
import type { Device, UpdateFile } from "../../../data/shapes";
import { say } from "../../../text/words";
import { FirmwareReport } from "./firmware-report";
import { kept, uploaded, type Chosen } from "./uploads";

type Props = {
  device: Device;
  name: string;
  label: string;
  isDisabled: boolean;
  chosen: Chosen | undefined;
  onChosen: (chosen: Chosen | undefined) => void;
};

export function FileField({ device, name, label, isDisabled, chosen, onChosen }: Props) {
  const id = useId();
  const files = usePolled<UpdateFile[]>(isDisabled ? undefined : "/api/updates", 0, { device: device.id }).value ?? [];
  const choose = async (file: File | undefined) => {
    if (!file) return onChosen(undefined);
    onChosen({ state: "uploading", title: file.name, size: file.size });
    onChosen(await uploaded(device.id, file));
  };
  const choice = chosen?.state === "ready" && files.some((one) => one.name === chosen.title) ? chosen.title : "";
  return (
    <div class="file-field">
      <div class="field">
        <label for={id}>{label}</label>
        <input
          id={id}
          name={name}
          type="file"
          disabled={isDisabled}
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </div>
      {files.length > 0 && (
        <div class="field">
          <label for={`${id}-kept`}>{say("firmware.kept")}</label>
          <select
            id={`${id}-kept`}
            value={choice}
            onChange={(event) => {
              const file = files.find((one) => one.name === event.currentTarget.value);
              onChosen(file ? kept(file) : undefined);
            }}
          >
            <option value="">{say("firmware.none_chosen")}</option>
            {files.map((file) => (
              <option key={file.name} value={file.name}>
                {say("firmware.option", { file: file.name, size: bytesText(file.size) })}
              </option>
            ))}
          </select>
        </div>
      )}
      <div role="status">
        {chosen?.state === "uploading" && (
          <p class="soft small">{say("device.sending_file", { file: chosen.title })}</p>
        )}
      </div>
      {chosen?.state === "ready" && <FirmwareReport file={chosen.file} />}
    </div>
  );
}
