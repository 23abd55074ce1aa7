/** What a person chose for this browser, beside language and look: the form of numbers, the unit of temperatures. */

// each with other signs: 1,234.56  1.234,56  1 234,56  1’234.56
export const NUMBERS = ["en-GB", "de-DE", "fr-FR", "de-CH"] as const;
export type Temperature = "°C" | "°F";

const NUMBERS_KEPT = "unclouded.numbers"; // in localStorage
const TEMPERATURE_KEPT = "unclouded.temperature";

let temperature: Temperature | undefined;

/** The locale whose numbers were chosen; null: that of the language. */
export function keptNumbers(): string | null {
  const found = read(NUMBERS_KEPT);
  return found && (NUMBERS as readonly string[]).includes(found) ? found : null;
}

/** Keep it, null: none. Says whether the browser has kept it. */
export function keepNumbers(locale: string | null): boolean {
  return keep(NUMBERS_KEPT, locale);
}

export function keptTemperature(): Temperature {
  temperature ??= read(TEMPERATURE_KEPT) === "°F" ? "°F" : "°C"; // asked for with each value that is shown
  return temperature;
}

export function keepTemperature(unit: Temperature): boolean {
  temperature = undefined;
  return keep(TEMPERATURE_KEPT, unit === "°F" ? unit : null);
}

/** How a quantity is shown in this browser: its unit, and the way to its numbers and back. */
export type Shown = { unit: string; to: (value: number) => number; from: (value: number) => number };

const AS_IT_IS = { to: (value: number) => value, from: (value: number) => value };
const FAHRENHEIT: Shown = { unit: "°F", to: (value) => value * 1.8 + 32, from: (value) => (value - 32) / 1.8 };

export function shownAs(unit: string): Shown {
  return unit === "°C" && keptTemperature() === "°F" ? FAHRENHEIT : { unit, ...AS_IT_IS };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // the browser keeps nothing
  }
}

function keep(key: string, text: string | null): boolean {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
    return read(key) === text;
  } catch {
    return false;
  }
}
