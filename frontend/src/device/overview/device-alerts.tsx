/**
 * What needs attention of this device: alarms, faults, values beyond a limit. That it does not answer, its sentence
 * says.
 */
import { alerts } from "../../data/live";
import type { Device } from "../../data/shapes";
import { alertText } from "../../now/alerts";
import { Notice } from "../../parts/notice";

export function DeviceAlerts({ device }: { device: Device }) {
  const own = alerts.value.filter((one) => one.device === device.id && one.kind !== "offline");
  return (
    <>
      {own.map((one) => (
        <Notice key={`${one.kind} ${one.point}`} kind="fault">
          {alertText(one, device)}
        </Notice>
      ))}
    </>
  );
}
