import { render } from "preact";

import { App } from "./app";
import { start } from "./data/live";
import { learnIntervals } from "./data/staleness";
import { keepRecent } from "./data/recent";
import { startRouting } from "./routing/router";
import "./style.css";
import { keepToday } from "./data/today";

startRouting();
learnIntervals();
keepRecent();
keepToday();
void start();
render(<App />, document.getElementById("page")!);
