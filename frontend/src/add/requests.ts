/** What the page asks of onboarding; a refusal is a sentence. */
import { get, HubError, post, remove } from "../data/http";
import { requestLogin } from "../data/live";
import type {
  ConfigurationView,
  ConflictProblem,
  Offer,
  Onboarding,
  Outcome,
  Problem,
  ReloadView,
  Value,
} from "../data/shapes";
import { say } from "../text/words";

export const PATH = "/api/onboarding";

/** An answer, or why there is none. */
export type Answer<T> = { value?: T; refusal: string; problem?: Problem | undefined };

export type NewDevice = { name: string; room: string; parent: string; produces: boolean };

export const look = () => asked(post<Onboarding>(`${PATH}/look`, {}));

/** Offer what a person typed. */
export const typed = (link: string) => asked(post<Offer>(`${PATH}/offers`, { link }));

// the end of the last test: it must not reach the hub after the next one
let ending: Promise<unknown> = Promise.resolve();

export async function beginTest(offer: string): Promise<Answer<Onboarding>> {
  await ending;
  const link = offer.startsWith("hand:") ? offer.slice("hand:".length) : "";
  if (link) await typed(link); // a hub that was restarted meanwhile has forgotten it
  return asked(post<Onboarding>(`${PATH}/test`, { offer }));
}

/** End the test of that number, and no other one that has begun meanwhile. */
export function endTest(number: number): void {
  ending = asked(remove<Onboarding>(`${PATH}/test`, { number }));
}

/** Set a point of what answers; why that did not work, "" = the device has confirmed it. */
export async function setInTest(point: string, value: Value): Promise<string> {
  const { value: outcome, refusal } = await asked(post<Outcome>(`${PATH}/test/set`, { point, value, origin: "web" }));
  if (!outcome) return refusal;
  return outcome.outcome === "confirmed" ? "" : outcome.reason || say(`app.${outcome.outcome}`);
}

export const configuration = () => asked(get<ConfigurationView>("/api/configuration"));

export const openBroker = (revision: string) => asked(post<ReloadView>(`${PATH}/broker`, { revision, origin: "web" }));

export const add = (offer: string, revision: string, device: NewDevice) =>
  asked(post<ReloadView>(`${PATH}/add`, { offer, revision, ...device, origin: "web" }));

/** What was changed meanwhile, if that is why it was refused. */
export function conflictOf({ problem }: Answer<unknown>): ConflictProblem | undefined {
  return problem?.status === 409 && "revision" in problem ? (problem as ConflictProblem) : undefined;
}

async function asked<T>(work: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work, refusal: "" };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (error.status === 401) requestLogin();
    return { refusal: error.message, problem: error.problem };
  }
}
