import { render } from "preact";

import { App } from "./app";
import { start } from "./data/live";
import { learnIntervals } from "./data/staleness";
import { keepRecent } from "./data/recent";
import { keptNumbers } from "./look/kept";
import { startRouting } from "./routing/router";
import "./style.css";
import { keepToday } from "./data/today";
import { chosenLocale, keptLanguage } from "./text/language";
import { chooseLanguage, loadFirstWords } from "./text/words";
import { registerWorker } from "./worker/register";

const { language, locale } = chosenLocale(keptLanguage(), navigator.languages);
document.documentElement.lang = language;
chooseLanguage(language);
startRouting({ "/hub": "/settings" });
learnIntervals();
keepRecent();
void start();
loadFirstWords(language, locale, keptNumbers()).then(
  () => {
    keepToday();
    render(<App />, document.getElementById("page") ?? document.body);
    registerWorker();
  },
  () => document.getElementById("unloaded")?.removeAttribute("hidden"),
);
