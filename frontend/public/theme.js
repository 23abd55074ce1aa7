/* The look that a person chose for this browser, before anything is drawn. A file of its own, since the hub's policy
   allows no scripts inside the page; src/look/theme.ts changes it. */
try {
  const chosen = localStorage.getItem("unclouded.theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
    for (const one of document.querySelectorAll('meta[name="theme-color"]')) one.content = chosen === "dark" ? "#0F1115" : "#FFFFFF";
  }
} catch {
  // the browser keeps nothing: as the device
}
