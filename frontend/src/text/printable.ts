/** JSON from the hub, with a visible escape for each character that the page would not show: names and texts of devices
 * may contain control characters, line ends, and marks that change the direction of the text that follows. The same
 * characters as in src/unclouded/core/text/printable.py. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: it finds them
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const SUSPECT = /\\[bfnrtu]|[\x7f-\x9f\u00ad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;

/** The text on one line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** The value of a JSON text. Throws SyntaxError. */
export function parse<T>(text: string): T {
  return (SUSPECT.test(text) ? JSON.parse(text, filtered) : JSON.parse(text)) as T;
}

/** With a capital letter at its beginning. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `Wi-Fi_channel` as a title: `Wi-Fi channel`. */
export function titled(key: string): string {
  return capitalised(key.replaceAll("_", " "));
}

function filtered(_key: string, value: unknown): unknown {
  return typeof value === "string" ? printable(value) : value;
}

function escaped(one: string): string {
  const code = one.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
