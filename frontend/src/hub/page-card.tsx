/** What concerns this page in this browser: its language, and a code that opens it on a phone. */
import { useState } from "preact/hooks";

import { Notice } from "../parts/notice";
import { chosenLocale, isLanguage, keepLanguage, keptLanguage, LANGUAGES } from "../text/language";
import { say } from "../text/words";

export function PageCard({ addresses }: { addresses: readonly string[] }) {
  const address = addresses.find(isInNetwork);
  return (
    <section class="card" aria-labelledby="this-page">
      <h2 id="this-page">{say("hub.page")}</h2>
      <LanguageSelect />
      {address && (
        <>
          <p class="soft">{say("hub.qr")}</p>
          <img class="qr" src="/api/hub/qr.svg" width="180" height="180" alt={say("hub.qr_label", { address })} />
        </>
      )}
    </section>
  );
}

/** Whether other devices can open an address. */
function isInNetwork(address: string): boolean {
  return !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(address).hostname);
}

/** Every text changes with the language, so the page is loaded again. */
function LanguageSelect() {
  const [isKept, setIsKept] = useState(true);
  const { language } = chosenLocale(null, navigator.languages);
  const choose = (chosen: string) => {
    const kept = keepLanguage(isLanguage(chosen) ? chosen : null);
    setIsKept(kept);
    if (kept) location.reload();
  };
  return (
    <>
      <label class="field">
        <span>{say("hub.language")}</span>
        <select value={keptLanguage() ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{say("hub.language_browser", { language: LANGUAGES[language] })}</option>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {!isKept && <Notice>{say("hub.language_not_kept")}</Notice>}
    </>
  );
}
