/** The width of a chart's place on the screen, which follows the window. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Its width in CSS pixels; 0 until it is drawn. */
export function useWidth(host: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an element stays while its component is shown
  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setWidth(box.clientWidth));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return width;
}
