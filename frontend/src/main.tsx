import { render } from "preact";

import { App } from "./app";
import { start } from "./live";
import { startRouting } from "./router";
import "./style.css";

startRouting();
void start();
render(<App />, document.getElementById("page")!);
