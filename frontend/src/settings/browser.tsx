/** What this browser keeps of how the page is shown: words, numbers, look, units. */
import { useState } from "preact/hooks";

import { timezone } from "../data/live";
import { keepNumbers, keepTemperature, keptNumbers, keptTemperature, NUMBERS } from "../look/kept";
import { chooseTheme, theme, type Theme } from "../look/theme";
import { Notice } from "../parts/notice";
import { formatter } from "../text/format";
import { chosenLocale, isLanguage, keepLanguage, keptLanguage, LANGUAGES } from "../text/language";
import { say, type Id } from "../text/words";
import { Row } from "./row";

/** Every text changes with the language, so the page is loaded again. */
export function Language() {
  const [isKept, setIsKept] = useState(true);
  const { language } = chosenLocale(null, navigator.languages);
  const choose = (chosen: string) => reloaded(keepLanguage(isLanguage(chosen) ? chosen : null), setIsKept);
  return (
    <Row
      title={<label for="language">{say("settings.words")}</label>}
      text={say("settings.this_browser")}
      isStacked
      name="language"
      below={!isKept && <NotKept />}
    >
      <select id="language" value={keptLanguage() ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{say("hub.language_browser", { language: LANGUAGES[language] })}</option>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </Row>
  );
}

export function Numbers() {
  const [isKept, setIsKept] = useState(true);
  const choose = (chosen: string) => reloaded(keepNumbers(chosen || null), setIsKept);
  const date = formatter(timezone.value, { day: "numeric", month: "short", year: "numeric" }).format(Date.now());
  const { locale } = chosenLocale(keptLanguage(), navigator.languages);
  return (
    <Row
      title={<label for="numbers">{say("settings.numbers")}</label>}
      text={`${sample(keptNumbers() ?? locale)} kWh · ${date}`}
      isStacked
      name="numbers"
      below={!isKept && <NotKept />}
    >
      <select id="numbers" value={keptNumbers() ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{say("settings.numbers_of_language")}</option>
        {NUMBERS.map((one) => (
          <option key={one} value={one}>
            {sample(one)}
          </option>
        ))}
      </select>
    </Row>
  );
}

const THEMES: readonly (readonly [Theme, Id])[] = [
  ["device", "settings.as_device"],
  ["light", "settings.light"],
  ["dark", "settings.dark"],
];

export function Look() {
  const [isKept, setIsKept] = useState(true);
  return (
    <Row
      title={say("settings.look")}
      text={say("settings.look_help")}
      isStacked
      name="look"
      below={!isKept && <NotKept />}
    >
      <Segments
        label={say("settings.look")}
        options={THEMES.map(([one, id]) => [one, say(id)])}
        value={theme.value}
        choose={(one) => setIsKept(chooseTheme(one))}
      />
    </Row>
  );
}

export function Temperatures() {
  const [isKept, setIsKept] = useState(true);
  return (
    <Row
      title={say("settings.temperatures")}
      text={say("settings.temperatures_help")}
      isStacked
      name="temperature"
      below={!isKept && <NotKept />}
    >
      <Segments
        label={say("settings.temperatures")}
        options={[
          ["°C", "°C"],
          ["°F", "°F"],
        ]}
        value={keptTemperature()}
        choose={(unit) => reloaded(keepTemperature(unit), setIsKept)}
      />
    </Row>
  );
}

type SegmentsProps<T extends string> = {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  choose: (value: T) => void;
};

/** A choice of a few, all of which are visible. */
function Segments<T extends string>({ label, options, value, choose }: SegmentsProps<T>) {
  return (
    <div class="seg" role="group" aria-label={label}>
      {options.map(([one, text]) => (
        <button key={one} type="button" class="bare" aria-pressed={one === value} onClick={() => choose(one)}>
          {text}
        </button>
      ))}
    </div>
  );
}

function NotKept() {
  return <Notice>{say("settings.not_kept")}</Notice>;
}

function reloaded(isKept: boolean, setIsKept: (isKept: boolean) => void): void {
  setIsKept(isKept);
  if (isKept) location.reload();
}

function sample(locale: string): string {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(12345.67);
}
