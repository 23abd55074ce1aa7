/** Icons of onboarding. */
import type { JSX } from "preact";

import { Icon, PLUS } from "../parts/icon";
import type { Kind } from "./offers";

const SHAPES: Readonly<Record<Kind | "plus", JSX.Element>> = {
  plug: <path d="M8 3v5M16 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3" />,
  port: <path d="M7 10V4h10v6M5 10h14v5a5 5 0 0 1-5 5h-4a5 5 0 0 1-5-5zM10 7v.1M14 7v.1" />,
  network: <path d="M4 10a12 12 0 0 1 16 0M7 13.5a7.5 7.5 0 0 1 10 0M10 17a3 3 0 0 1 4 0M12 20v.1" />,
  hand: <path d="M4 20l4-1L19 8l-3-3L5 16zM14 7l3 3" />,
  plus: PLUS,
};

export function KindIcon({ of }: { of: Kind | "plus" }) {
  return <Icon name="icon">{SHAPES[of]}</Icon>;
}
