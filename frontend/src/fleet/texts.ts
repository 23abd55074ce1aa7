/** The texts of the page of a fleet, in each language: those of its first paint, and how others are loaded. */
import type { Language } from "../text/language";
import type { Load } from "../text/words";

export const FLEET_TEXTS: Readonly<Record<Language, Load>> = {
  en: () => import("virtual:texts/en/fleet"),
  de: () => import("virtual:texts/de/fleet"),
  es: () => import("virtual:texts/es/fleet"),
};
