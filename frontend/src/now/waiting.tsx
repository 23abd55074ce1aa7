/** The first minutes, without any value: what is being waited for. */
import { devices, now, timezone } from "../data/live";
import { nameOf } from "../devices/points";
import { stateText } from "../parts/state";
import { say } from "../text/words";

export function Waiting() {
  const waited = devices.value.filter((one) => one.state !== "seen");
  return (
    <section class="first-values" aria-labelledby="first-values">
      <h2 id="first-values">{say("now.waiting")}</h2>
      <p class="soft">{say("now.waiting_text")}</p>
      <ul>
        {waited.map((one) => (
          <li key={one.id}>
            <a class="plain" href={`/devices/${encodeURIComponent(one.id)}`}>
              <bdi>{nameOf(one)}</bdi>
            </a>
            <span class="small soft">{stateText(one, "", now.value, timezone.value)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
