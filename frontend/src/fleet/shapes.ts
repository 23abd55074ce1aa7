/** The types of the fleet's API with short names; `api.ts` is generated from its OpenAPI document. */
import type { components } from "./api";

type Schemas = components["schemas"];

export type HomeRow = Schemas["HomeRowView"];
export type HomeState = HomeRow["state"];
export type Homes = Schemas["HomesView"];
export type Summary = Schemas["HomesSummary"];
export type FleetHome = Schemas["FleetHomeView"];
export type HomeDevice = Schemas["HomeDevice"];
export type LetOut = Schemas["LetOutView"];
export type Source = Pick<Schemas["HomeHistory"], "source" | "answered_by">;
export type HomeHistory = Schemas["HomeHistory"];
export type HomeEnergy = Schemas["HomeEnergyView"];
export type FleetEnergy = Schemas["FleetEnergyView"];
export type FleetEvents = Schemas["FleetEventsView"];
export type FleetEvent = Schemas["FleetEvent"];
export type Commands = Schemas["FleetCommandsView"];
export type FleetCommand = Schemas["FleetCommandView"];
export type Fate = FleetCommand["state"];
export type SentCommands = Schemas["SentCommandsView"];
export type Organisation = Schemas["OrganisationView"];
export type FleetRole = Organisation["role"];
export type Person = Schemas["PersonView"];
export type NewPerson = Schemas["NewPersonView"];
export type Code = Schemas["CodeView"];
export type OpenCode = Schemas["OpenCodeView"];
export type Audit = Schemas["AuditView"];
export type FleetSession = Schemas["FleetSessionView"];
export type Done = Schemas["DoneView"];
export type Filter = Required<Schemas["HomesFilter"]>;
/** What is left out of a message has not changed. */
export type FleetChanges = Partial<Schemas["FleetChanges"]> & { at: number };
