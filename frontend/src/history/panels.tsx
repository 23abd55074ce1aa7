/** Panels that few people open, loaded when they are shown. */
import { laterPart } from "../routing/later";
import type { EditsProps } from "./edits/edits_panel";
import type { PanelProps } from "./view";

const WAITS = "skeleton history-waits";

export const HeatPanel = laterPart<PanelProps>(
  "history/heat/heat_panel",
  () => import("./heat/heat_panel").then((part) => part.HeatPanel),
  WAITS,
);
export const CostPanel = laterPart<PanelProps>(
  "history/costs/cost_panel",
  () => import("./costs/cost_panel").then((part) => part.CostPanel),
  WAITS,
);
export const LoadPanel = laterPart<PanelProps>(
  "history/load/load_panel",
  () => import("./load/load_panel").then((part) => part.LoadPanel),
  WAITS,
);
export const UnusualPanel = laterPart<PanelProps>(
  "history/unusual/unusual_panel",
  () => import("./unusual/unusual_panel").then((part) => part.UnusualPanel),
  WAITS,
);
export const EditsPanel = laterPart<EditsProps>(
  "history/edits/edits_panel",
  () => import("./edits/edits_panel").then((part) => part.EditsPanel),
  "panel edits",
);
