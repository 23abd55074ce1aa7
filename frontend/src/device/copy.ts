/** Text to the clipboard, also where the page came over plain HTTP and browsers hide the clipboard from it. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByHand(text);
  }
}

function copiedByHand(text: string): boolean {
  const focus = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden-text";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy"); // old, but the only way without HTTPS
  area.remove();
  if (focus instanceof HTMLElement) focus.focus();
  return done;
}
