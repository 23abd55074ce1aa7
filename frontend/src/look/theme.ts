/**
 * The look of the page in this browser: as the device, or light or dark by choice. public/theme.js applies it at the
 * start.
 */
import { signal } from "@preact/signals";

export type Theme = "device" | "light" | "dark";

const KEPT = "unclouded.theme"; // in localStorage, as in public/theme.js
const PAPER = { light: "#FFFFFF", dark: "#0F1115" } as const; // --paper, for the bars of the browser
const scheme = matchMedia("(prefers-color-scheme: dark)");

/** What was chosen. */
export const theme = signal<Theme>(themeOf(document.documentElement.dataset.theme));

/** Choose a look. Says whether the browser keeps it; it counts in any case. */
export function chooseTheme(chosen: Theme): boolean {
  theme.value = chosen;
  const root = document.documentElement;
  if (chosen === "device") delete root.dataset.theme;
  else root.dataset.theme = chosen;
  for (const one of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]'))
    one.content = PAPER[chosen === "device" ? (one.media.includes("dark") ? "dark" : "light") : chosen];
  return kept(chosen);
}

/** Call `changed` when the colours of the page are different. Returns a function that ends that. */
export function onColours(changed: () => void): () => void {
  let last = theme.peek();
  const ended = theme.subscribe((chosen) => {
    if (chosen !== last) changed();
    last = chosen;
  });
  scheme.addEventListener("change", changed);
  return () => {
    ended();
    scheme.removeEventListener("change", changed);
  };
}

export function themeOf(text: string | undefined): Theme {
  return text === "light" || text === "dark" ? text : "device";
}

function kept(chosen: Theme): boolean {
  try {
    if (chosen === "device") localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, chosen);
    return themeOf(localStorage.getItem(KEPT) ?? undefined) === chosen;
  } catch {
    return false;
  }
}
