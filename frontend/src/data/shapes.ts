/** The types of the API with short names; `api.ts` is generated from the OpenAPI document. */
import type { components } from "../api";

export type Schemas = components["schemas"];

export type Value = boolean | number | string;
export type Device = Schemas["DeviceView"];
export type Point = Schemas["PointView"];
export type State = Device["state"];
export type Quality = Schemas["ReadingView"]["quality"];
export type Alert = Schemas["AlertView"];
export type Action = Schemas["ActionSpec"];
export type UpdateFile = Schemas["UpdateView"];
export type WireLine = Omit<Schemas["WireLine"], "parts"> & { parts: readonly FramePart[] };
export type ScheduleRule = Schemas["ScheduleRule"];
export type Outcome = Schemas["OutcomeView"];
export type Reconnect = Schemas["ReconnectView"];
export type SetupView = Schemas["SetupView"];
export type SetupStep = Schemas["SetupStep"];
export type SetupNetwork = Schemas["NetworkView"];
export type FoundPlug = Schemas["FoundPlug"];
export type Onboarding = Schemas["OnboardingView"];
export type Offer = Schemas["Offer"];
export type OfferSource = Schemas["OfferSourceView"];
export type LinkTest = Schemas["LinkTestView"];
export type PowerGuess = Schemas["PowerGuess"];
export type DeviceProposal = Schemas["DeviceProposal"];
export type ReloadView = Schemas["ReloadView"];
export type ConfigurationView = Schemas["ConfigurationView"];
export type ConflictProblem = Schemas["ConflictProblem"];
export type ConfigDifference = Schemas["ConfigDifference"];
export type Problem = Schemas["Problem"];
export type Series = Schemas["Series"];
export type History = Schemas["History"];
export type Energy = Schemas["Energy"];
export type EnergyRow = Schemas["EnergyRow"];
export type Today = Schemas["Today"];
export type HubEvent = Schemas["EventView"];
export type Hub = Schemas["HubView"];
export type Products = Schemas["ProductsView"];
export type Product = Schemas["ProductView"];
export type ProductFacts = Schemas["ProductFacts"];
export type DecodeChoices = Schemas["DecodeChoices"];
export type DecodeView = Omit<Schemas["DecodeView"], "frames"> & { frames: readonly DecodedFrame[] };
export type DecodedFrame = Omit<Schemas["DecodedFrame"], "parts"> & { parts: readonly FramePart[] };
export type DecodedRemark = Schemas["DecodedRemark"];
export type DecodeFiles = Schemas["DecodeFiles"];
export type NamedValue = Schemas["NamedValue"];
export type Session = Schemas["SessionView"];
export type Role = NonNullable<Session["role"]>;

/** A part of a frame; what is not known of it is left out. */
export type FramePart = { start: number; end: number; label: string; parts?: readonly FramePart[] } & Partial<
  Omit<Schemas["FramePart"], "start" | "end" | "label" | "parts">
>;

/** [device, point, value, at (Unix seconds), quality, flags] */
export type Change = [string, string, Value, number, Quality, string[]];
export type Snapshot = Omit<Schemas["Snapshot"], "readings"> & { readings: Change[] };
export type Changes = Partial<Omit<Schemas["Changes"], "readings">> & { at: number; readings?: Change[] };
export type Live = { snapshot?: Snapshot; changes?: Changes };

/** One reading as stored by the page. */
export type Reading = { value: Value; at: number; quality: Quality; flags: readonly string[] };
