/** Icons: lines in the colour of the text, in a box of 24 by 24. */
import type { ComponentChildren } from "preact";

export const PLUS = <path d="M12 5v14M5 12h14" />;
export const BACK = <path d="M15 5 8 12l7 7" />;
export const OPEN = <path d="m9 5 7 7-7 7" />;
export const WARNING = <path d="M12 4 2.500 20.500h19zM12 10v5M12 17.800v.2" />;

/** `width` of the lines; `name`: a class. */
export function Icon({ children, width = 1.5, name }: { children: ComponentChildren; width?: number; name?: string }) {
  return (
    <svg
      class={name}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={width}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}
