import { render } from "preact";

import { App } from "./app";
import { start } from "./live";
import { learnIntervals } from "./staleness";
import { keepRecent } from "./recent";
import { startRouting } from "./router";
import "./style.css";
import { keepToday } from "./today";

startRouting();
learnIntervals();
keepRecent();
keepToday();
void start();
render(<App />, document.getElementById("page")!);
