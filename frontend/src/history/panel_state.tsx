/** What a panel says of its own loading: to screen readers while it waits, to all where it failed. */
import { Notice } from "../parts/notice";
import { say } from "../text/words";

export function PanelState({ waits, error, again }: { waits: boolean; error: string; again: () => void }) {
  return (
    <>
      <p class="hidden-text" role="status">
        {waits ? say("history.loading") : ""}
      </p>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
    </>
  );
}
