/** A button that opens a panel of choices; a click elsewhere, or Escape, closes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

type Props = Readonly<{ label: string; text: string; class?: string; children: ComponentChildren }>;

export function Menu({ label, text, class: kind = "", children }: Props) {
  const host = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const box = host.current;
      if (!box?.open || (event instanceof KeyboardEvent ? event.key !== "Escape" : box.contains(event.target as Node)))
        return;
      box.open = false;
      if (event instanceof KeyboardEvent) box.querySelector("summary")?.focus();
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class={`menu ${kind}`} ref={host}>
      <summary aria-label={`${label}: ${text}`}>
        <span>{text}</span>
      </summary>
      <div class="choices" role="group" aria-label={label}>
        {children}
      </div>
    </details>
  );
}
