/** Work under way, such as saving, and what became of it. */
import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 8_000; // for which it is shown that something is done; what failed is shown until the next attempt

export type Work<Result> = {
  busy: boolean;
  result: Result | undefined;
  /** What became of it; undefined: nothing was begun, since other work is under way. */
  run: (work: () => Promise<Result>) => Promise<Result | undefined>;
  forget: () => void;
};

/** `isDone`: whether a result is that it is done. */
export function useWork<Result>(isDone: (result: Result) => boolean): Work<Result> {
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result>();
  const passes = result !== undefined && isDone(result);
  useEffect(() => {
    if (!passes) return;
    const timer = setTimeout(() => setResult(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [passes, result]);
  const run = async (work: () => Promise<Result>) => {
    if (busy) return undefined;
    setBusy(true);
    const found = await work();
    setBusy(false);
    setResult(() => found);
    return found;
  };
  return { busy, result, run, forget: () => setResult(undefined) };
}
