/**
 * The main value of a device in the last 24 hours. The drawing is loaded when it is needed; its place is kept until
 * then.
 */
import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { address } from "../../data/http";
import { now } from "../../data/live";
import type { Device, History, Point } from "../../data/shapes";
import { useAnswer } from "../../history/answers";
import { Notice } from "../../parts/notice";
import { say } from "../../text/words";
import { historyOf } from "../places";
import type { DayLinesProps } from "./day-lines";

const DAY_S = 86_400;
const POINTS = 480; // three minutes each
const minute = computed(() => Math.ceil(now.value / 60) * 60); // its end, so that the newest values are in it

export function DayChart({ device, point }: { device: Device; point: Point }) {
  const span = { start: minute.value - DAY_S, end: minute.value };
  const series = `${device.id}.${point.key}`;
  const { answer, error, again } = useAnswer<History>(address("/api/history", { series, ...span, points: POINTS }), 0);
  const Lines = useLines();
  const height = innerWidth < 900 ? 200 : 280;
  return (
    <section class="day" aria-labelledby="day">
      <div class="sec">
        <h2 id="day">{say("device.last_day")}</h2>
        <a class="quiet" href={historyOf(device.id, point.key)}>
          {say("app.history")}
        </a>
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <div class="day-box" style={{ "--height": `${height}px` }} aria-busy={Lines && answer ? undefined : true}>
        {Lines && answer && <Lines device={device} point={point} answer={answer} span={span} height={height} />}
      </div>
    </section>
  );
}

/**
 * The module that draws, once it is there. Without it the page says nothing: the table of the history has the values.
 */
function useLines(): ComponentType<DayLinesProps> | undefined {
  const [loaded, setLoaded] = useState<{ Lines: ComponentType<DayLinesProps> }>();
  useEffect(() => {
    let isCurrent = true;
    import("./day-lines").then(
      ({ DayLines }) => isCurrent && setLoaded({ Lines: DayLines }),
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  return loaded?.Lines;
}
