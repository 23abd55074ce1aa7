/** The columns of the chart of the last ten minutes, computed again when the newest one is complete. */
import { computed } from "@preact/signals";

import { columnsOf } from "../energy/bands";
import { COLUMNS, edge, flowsAt, meters, historyState, STEP } from "../data/recent";

export const columns = computed(() => {
  historyState.value;
  meters.value;
  const end = edge.value;
  const at = Array.from({ length: COLUMNS }, (_, index) => end - (COLUMNS - 1 - index) * STEP);
  return columnsOf(at, (time) => flowsAt(time));
});
