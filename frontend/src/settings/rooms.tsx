/** The rooms: which devices are in them, and another name for one, which all its devices get in one change. */
import { useState } from "preact/hooks";

import { devices } from "../data/live";
import { nameOf } from "../devices/points";
import { say } from "../text/words";
import { Row, Section } from "./row";
import { resultOf, useSave, type Save } from "./save";
import { renameRoom } from "./tables";

export function Rooms({ bar }: { bar: string }) {
  const rooms = new Map<string, string[]>();
  for (const one of devices.value) if (one.room) rooms.set(one.room, [...(rooms.get(one.room) ?? []), nameOf(one)]);
  return (
    <Section id="rooms" title={say("settings.rooms")}>
      {rooms.size === 0 && <p class="soft">{say("settings.no_rooms")}</p>}
      <div class="list">
        {[...rooms].map(([room, names]) => (
          <Room key={room} room={room} names={names} known={[...rooms.keys()]} bar={bar} />
        ))}
      </div>
    </Section>
  );
}

type Props = { room: string; names: readonly string[]; known: readonly string[]; bar: string };

function Room({ room, names, known, bar }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const save = useSave();
  return (
    <Row
      title={<bdi>{room}</bdi>}
      text={names.join(", ")}
      name="room"
      save={save}
      below={isOpen && <NewName room={room} known={known} bar={bar} save={save} />}
    >
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={`${say(isOpen ? "settings.close" : "settings.change")}: ${room}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {say(isOpen ? "settings.close" : "settings.change")}
      </button>
    </Row>
  );
}

function NewName({ room, known, bar, save }: { room: string; known: readonly string[]; bar: string; save: Save }) {
  const [draft, setDraft] = useState(room);
  const name = draft.split(/\s+/).filter(Boolean).join(" ");
  const rename = (to: string) => void (bar || save.run(async () => resultOf(await renameRoom(room, to), () => false)));
  const submit = (event: Event) => {
    event.preventDefault();
    if (name && name !== room) rename(name);
  };
  return (
    <form class="one-line" onSubmit={submit}>
      <label class="field">
        <span>{say("settings.new_name")}</span>
        <input type="text" maxLength={200} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
      </label>
      {name !== room && known.includes(name) && <p class="small soft">{say("settings.joins_room", { room: name })}</p>}
      <div class="row-of">
        <button
          type="submit"
          class="main"
          aria-busy={save.busy}
          aria-disabled={bar || !name || name === room ? true : undefined}
          title={bar || undefined}
        >
          {say("settings.rename")}
        </button>
        <button type="button" class="danger" disabled={bar !== ""} onClick={() => rename("")}>
          {say("settings.dissolve")}
        </button>
      </div>
      <p class="small soft">{say("settings.rename_help")}</p>
    </form>
  );
}
