/** What the hub keeps: how much and since when, a backup as one file, and earlier versions of its configuration. */
import { useState } from "preact/hooks";

import type { components } from "../api";
import { post } from "../data/http";
import { now, role, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import type { Hub } from "../data/shapes";
import { apply, load, type Change, type Configuration } from "../device/settings/configuration";
import { Fact } from "../parts/fact";
import { Notice } from "../parts/notice";
import { countText, formatter, timeText } from "../text/format";
import { say } from "../text/words";
import { Backups } from "./backups";
import { DiskRow } from "./disk";
import { ExportRow } from "./export";
import { Retention } from "./retention";
import { Row, Section } from "./row";
import { resultOf, Saved, useSave } from "./save";
import type { Table } from "./tables";
import { bytesText, storeProblems } from "./text";

type Schemas = components["schemas"];

type Props = {
  hub: Hub | undefined;
  configuration: Configuration | undefined;
  backup: Table | undefined;
  retention: Table | undefined;
  bar: string;
};

/** `backup`, `retention`: these tables, where they may be seen. */
export function Data({ hub, configuration, backup, retention, bar }: Props) {
  const { value } = usePolled<Schemas["DataView"]>("/api/data");
  const since = value?.since ? Date.parse(value.since) : undefined;
  const bytes = hub?.store.bytes ?? value?.bytes;
  const day =
    since === undefined
      ? ""
      : formatter(timezone.value, { day: "numeric", month: "short", year: "numeric" }).format(since);
  return (
    <Section id="data" title={say("settings.data")}>
      <div class="list">
        <Row
          title={say("settings.size")}
          text={day ? say("settings.size_since", { day }) : say("settings.no_data")}
          name="size"
        >
          <span class="fig">{bytes === undefined ? "–" : bytesText(bytes)}</span>
        </Row>
        <DiskRow disk={hub?.disk ?? null} />
        <Retention table={retention} bar={bar} revision={configuration?.revision} />
        <ExportRow />
        {role.value === "control" && <Backups table={backup} bar={bar} />}
        {configuration && <Versions bar={bar} revision={configuration.revision} />}
      </div>
      {hub && <StoreState hub={hub} />}
    </Section>
  );
}

/** Earlier versions of the configuration; one that is restored is a change like any other, and is kept itself. */
function Versions({ bar, revision }: { bar: string; revision: string }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Row
      title={say("settings.versions")}
      text={say("settings.versions_help")}
      name="versions"
      below={isOpen && <VersionList key={revision} bar={bar} />}
    >
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={`${say(isOpen ? "settings.close" : "settings.show")}: ${say("settings.versions")}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {say(isOpen ? "settings.close" : "settings.show")}
      </button>
    </Row>
  );
}

function VersionList({ bar }: { bar: string }) {
  const { value, error, again } = usePolled<Schemas["ConfigBackupView"][]>("/api/configuration/backups");
  const save = useSave();
  const restore = (backup: string) =>
    void save.run(async () => {
      const outcome = await apply(
        () => true,
        (revision) => post<Change>("/api/configuration/restore", { revision, backup, origin: "web" }),
      );
      void load();
      again();
      return resultOf(outcome, () => true);
    });
  return (
    <>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      <Saved save={save} />
      {value && !value.length && <p class="soft">{say("settings.no_versions")}</p>}
      <ul class="list">
        {value?.map(({ name, at, size }) => {
          const time = timeText(Date.parse(at) / 1000, now.peek(), timezone.value);
          return (
            <li key={name}>
              <span>
                {say("settings.version_until", { time })} <span class="soft small">{bytesText(size)}</span>
              </span>
              <button
                type="button"
                disabled={bar !== ""}
                aria-label={`${say("settings.restore")}: ${time}`}
                onClick={() => restore(name)}
              >
                {say("settings.restore")}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function StoreState({ hub }: { hub: Hub }) {
  const { store } = hub;
  const problems = storeProblems(store);
  return (
    <>
      {problems.length > 0 && (
        <ul class="problems">
          {problems.map((text) => (
            <li key={text}>
              <Notice>{text}</Notice>
            </li>
          ))}
        </ul>
      )}
      <details class="plain">
        <summary>{problems.length ? say("settings.figures") : say("hub.store_healthy")}</summary>
        <dl class="facts live">
          <Fact name={say("hub.store_stored")}>
            {say("hub.store_batches", { stored: countText(store.stored), batches: countText(store.batches) })}
          </Fact>
          <Fact name={say("hub.store_waiting")}>{countText(store.waiting)}</Fact>
          {!!store.unsealed_hours && (
            <Fact name={say("hub.store_sealing")}>
              {say("hub.store_unsealed", { hours: countText(store.unsealed_hours) })}
            </Fact>
          )}
          <Fact name={say("hub.store_write")}>
            {store.batches ? `${countText(store.write_ms)} ms` : say("hub.store_not_written")}
          </Fact>
          <Fact name={say("hub.data")}>
            <code>{hub.data}</code>
          </Fact>
        </dl>
      </details>
    </>
  );
}
