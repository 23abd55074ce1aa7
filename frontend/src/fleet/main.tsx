import { render } from "preact";

import { now, start, timezone } from "../data/live";
import { keptNumbers } from "../look/kept";
import { startRouting } from "../routing/router";
import "../style.css";
import "./fleet.css";
import { chosenLocale, keptLanguage } from "../text/language";
import { chooseLanguage, loadFirstWords, replaceWords, say } from "../text/words";
import { FleetApp } from "./app";
import { HERE } from "./here";
import { STREAM } from "./live";
import { FLEET_TEXTS } from "./texts";

const { language, locale } = chosenLocale(keptLanguage(), navigator.languages);
document.documentElement.lang = language;
chooseLanguage(language);
timezone.value = HERE;
now.value = Date.now() / 1000;
startRouting({});
void start(STREAM);
loadFirstWords(language, locale, keptNumbers(), FLEET_TEXTS[language]).then(
  () => {
    replaceWords({
      "app.no_answer": say("fleet.no_answer"),
      "app.disconnected": say("fleet.disconnected"),
      "app.unexpected_answer": say("fleet.unexpected_answer"),
      "app.page_missing": say("fleet.page_missing"),
      "app.title": say("fleet.title"),
    });
    render(<FleetApp />, document.getElementById("page") ?? document.body);
  },
  () => document.getElementById("unloaded")?.removeAttribute("hidden"),
);
