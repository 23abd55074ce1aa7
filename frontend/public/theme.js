/* Before anything is drawn: the look that a person chose for this browser, and a request for the texts in their language.
   A file of its own, since the hub's policy allows no scripts inside the page; src/look/theme.ts changes the look, and
   src/text/language.ts chooses the language (another one here would only be loaded in vain). */
{
  const kept = (name) => {
    try {
      return localStorage.getItem(`unclouded.${name}`);
    } catch {
      return null; // the browser keeps nothing: as the device
    }
  };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
    for (const one of document.querySelectorAll('meta[name="theme-color"]'))
      one.content = theme === "dark" ? "#0F1115" : "#FFFFFF";
  }
  const texts = JSON.parse(document.currentScript.dataset.texts ?? "{}"); // by language: where its texts are
  const wanted = [kept("language"), ...navigator.languages.map((one) => one.toLowerCase().split("-")[0]), "en"];
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.crossOrigin = "";
  link.href = texts[wanted.find((one) => Object.hasOwn(texts, one))] ?? "";
  if (link.getAttribute("href")) document.head.append(link);
}
