import { render } from "preact";

import { App } from "./app";
import { start } from "./live";
import { learnPaces } from "./pace";
import { keepRecent } from "./recent";
import { startRouting } from "./router";
import "./style.css";
import { keepToday } from "./today";

startRouting();
learnPaces();
keepRecent();
keepToday();
void start();
render(<App />, document.getElementById("page")!);
