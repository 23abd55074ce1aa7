/** Copies text to the clipboard, also over plain HTTP, where browsers do not provide the clipboard API. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedWithSelection(text);
  }
}

function copiedWithSelection(text: string): boolean {
  const focus = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden-text";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy"); // deprecated, but the only way without HTTPS
  area.remove();
  if (focus instanceof HTMLElement) focus.focus();
  return done;
}
