/** Attempts to connect to devices, as people ask for them; and what helps where the hub cannot connect by itself. */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { cached } from "./cached";
import { isAnswering, nameOf } from "../devices/points";
import { say } from "../text/words";
import { HubError, post } from "./http";
import type { Device, Reconnect } from "./shapes";

/** `failed`: why, and what to do. "" = none was made, or it was successful. */
export type Attempt = { isBusy: boolean; failed: string };

const NONE: Attempt = { isBusy: false, failed: "" };
const ACCEPTED = ["broker:", "listen:", "http-listen:"]; // links that the device opens

const attempts = new Map<string, Signal<Attempt>>();

export function attemptOf(device: string): ReadonlySignal<Attempt> {
  return slot(device);
}

/** Let the hub connect to a device now. Never throws. */
export async function reconnect(device: string): Promise<void> {
  const attempt = slot(device);
  if (attempt.peek().isBusy) return;
  attempt.value = { isBusy: true, failed: "" };
  attempt.value = { isBusy: false, failed: await failureOf(device) };
}

async function failureOf(device: string): Promise<string> {
  try {
    const { outcome, reason } = await post<Reconnect>(`/api/devices/${encodeURIComponent(device)}/reconnect`, {});
    if (outcome === "confirmed") return "";
    return outcome === "timeout" ? say("reconnect.failed") : reason;
  } catch (error) {
    return error instanceof HubError ? error.message : String(error);
  }
}

/** What brings a device back that the hub cannot connect to by itself; "" = the hub can. */
export function helpOf(device: Device, owner: Device | undefined): string {
  const isPart =
    owner !== undefined && (owner.link === device.link || owner.actions.some((one) => one.name === "permit"));
  const links = device.link.split(" ");
  if (isPart && isAnswering(owner.state) && !isAccepted(links))
    return say("reconnect.part", { gateway: nameOf(owner) });
  return isAccepted(links) ? say("reconnect.calls") : "";
}

function isAccepted(links: readonly string[]): boolean {
  return links.every((link) => ACCEPTED.some((one) => link.startsWith(one)));
}

function slot(device: string): Signal<Attempt> {
  return cached(attempts, device, () => signal(NONE));
}
