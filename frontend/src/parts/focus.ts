/** Put the focus on the page's content, so that keyboards and screen readers go on from there. */
export function focusMain(): void {
  const main = document.querySelector("main");
  if (!main) return;
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
}
