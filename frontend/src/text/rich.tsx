/** Texts with elements in their places: `{device} reports: {what}` with the device's name in bold. */
import type { ComponentChildren } from "preact";

import { say, type Id } from "./words";

/** The text with that id as children. A name should be a `<bdi>`, so that its direction stays its own. */
export function sayWith(id: Id, parts: Readonly<Record<string, ComponentChildren>>): ComponentChildren {
  return say(id)
    .split(/\{(\w+)\}/)
    .map((part, index) => (index % 2 ? (parts[part] ?? `{${part}}`) : part));
}

/** Names, with commas between them. */
export function Names({ names }: { names: readonly string[] }) {
  return (
    <>
      {names.map((name, index) => (
        <>
          {index > 0 && ", "}
          <bdi>{name}</bdi>
        </>
      ))}
    </>
  );
}
