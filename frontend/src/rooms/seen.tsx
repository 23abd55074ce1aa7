/** Plugs that have connected and are not added yet: one line with the way to add them. */
import { devices } from "../data/live";
import { say } from "../text/words";
import "./rooms.css";

export function SeenLine() {
  const count = devices.value.filter((one) => one.state === "seen").length;
  if (!count) return null;
  return (
    <p class="seen-line">
      <span>{say(count === 1 ? "room.seen_one" : "room.seen", { count })}</span>
      <a class="button" href="/add">
        {say("room.add")}
      </a>
    </p>
  );
}
