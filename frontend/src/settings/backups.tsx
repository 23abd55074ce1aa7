/** Backups of the hub: made now or by themselves, downloaded, checked, and put back at the hub's next start. */
import { useState } from "preact/hooks";

import type { components } from "../api";
import { post, remove } from "../data/http";
import { now, timezone } from "../data/live";
import { usePolled } from "../data/polled";
import { ConfirmDialog } from "../parts/dialog";
import { Notice } from "../parts/notice";
import { timeText } from "../text/format";
import { say } from "../text/words";
import { download } from "./export";
import { Row } from "./row";
import { asked, Saved, useSave } from "./save";
import { TableRows } from "./table-form";
import type { Table } from "./tables";
import { bytesText } from "./text";

type Schemas = components["schemas"];
type View = Schemas["BackupsView"];
type File = Schemas["BackupView"];

const POLL_MS = 30_000;
const SHOWN = 10; // files, until all are asked for

/** `table`: [backup] of the configuration. */
export function Backups({ table, bar }: { table: Table | undefined; bar: string }) {
  const { value, error, again } = usePolled<View>("/api/backups", POLL_MS);
  return (
    <>
      <BackupNow view={value} again={again} />
      {table && <TableRows table={table} bar={bar} />}
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {value?.problem && (
        <div class="whole">
          <Notice>{value.problem}</Notice>
        </div>
      )}
      {value?.staged && <Staged staged={value.staged} again={again} />}
      {value && value.files.length > 0 && <Files view={value} again={again} />}
    </>
  );
}

/** Into the folder where there is one, and as a download. */
function BackupNow({ view, again }: { view: View | undefined; again: () => void }) {
  const save = useSave();
  const make = () =>
    void save.run(async () => {
      const result = await asked(() => post<File>("/api/backups", {}), again, say("settings.backup_made"));
      return result;
    });
  const next = view?.next ? say("settings.backup_next", { time: at(view.next) }) : "";
  return (
    <Row
      title={say("settings.backup")}
      text={`${say("settings.backup_help")} ${next}`.trim()}
      save={save}
      isStacked
      name="backup"
    >
      <span class="row-of">
        {view?.folder && (
          <button type="button" aria-busy={save.busy} onClick={make}>
            {say("settings.backup_now")}
          </button>
        )}
        <button type="button" onClick={() => download("/api/backup")}>
          {say("settings.backup_download")}
        </button>
      </span>
    </Row>
  );
}

function Staged({ staged, again }: { staged: Schemas["StagedView"]; again: () => void }) {
  const save = useSave();
  const cancel = () =>
    void save.run(() => asked(() => remove<View>("/api/backups"), again, say("settings.restore_cancelled")));
  return (
    <Row
      title={say("settings.restore_waits")}
      text={say("settings.restore_waits_help", { time: at(staged.at), folder: staged.aside })}
      save={save}
      isStacked
      name="staged"
    >
      <button type="button" aria-busy={save.busy} onClick={cancel}>
        {say("settings.restore_cancel")}
      </button>
    </Row>
  );
}

function Files({ view, again }: { view: View; again: () => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const [isAll, setIsAll] = useState(false);
  const shown = isAll ? view.files : view.files.slice(0, SHOWN);
  const list = (
    <>
      <ul class="list">
        {shown.map((file) => (
          <FileRow key={file.name} file={file} again={again} />
        ))}
      </ul>
      {shown.length < view.files.length && (
        <button type="button" onClick={() => setIsAll(true)}>
          {say("settings.backup_all", { count: view.files.length })}
        </button>
      )}
    </>
  );
  const total = view.files.reduce((sum, one) => sum + one.size, 0);
  return (
    <Row
      title={say("settings.backup_files")}
      text={say("settings.backup_files_help", {
        count: view.files.length,
        size: bytesText(total),
        folder: view.folder,
      })}
      name="backups"
      below={isOpen && list}
    >
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={`${say(isOpen ? "settings.close" : "settings.show")}: ${say("settings.backup_files")}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {say(isOpen ? "settings.close" : "settings.show")}
      </button>
    </Row>
  );
}

function FileRow({ file, again }: { file: File; again: () => void }) {
  const save = useSave();
  const [asks, setAsks] = useState(false);
  const time = at(file.at);
  const place = `/api/backups/${encodeURIComponent(file.name)}`;
  const marks = [
    bytesText(file.size),
    ...(file.encrypted ? [say("settings.backup_encrypted")] : []),
    ...(file.ours ? [] : [say("settings.backup_other")]),
  ];
  const check = () =>
    void save.run(() =>
      asked(
        () => post<Schemas["VerifiedView"]>(`${place}/verify`, {}),
        () => undefined,
        say("settings.backup_sound"),
      ),
    );
  const restore = () =>
    void save.run(() => asked(() => post<View>(`${place}/restore`, {}), again, say("settings.restore_staged")));
  const labelled = (what: string) => ({ "aria-label": `${what}: ${time}` });
  return (
    <li class="stack">
      <span>
        {time} <span class="soft small">{marks.join(" · ")}</span>
        <Saved save={save} />
      </span>
      <span class="row-of">
        <button type="button" {...labelled(say("settings.backup_download"))} onClick={() => download(place)}>
          {say("settings.backup_download")}
        </button>
        <button type="button" aria-busy={save.busy} {...labelled(say("settings.backup_check"))} onClick={check}>
          {say("settings.backup_check")}
        </button>
        <button type="button" disabled={save.busy} {...labelled(say("settings.restore"))} onClick={() => setAsks(true)}>
          {say("settings.restore")}
        </button>
      </span>
      {asks && (
        <ConfirmDialog
          title={say("settings.restore_ask", { time })}
          act={say("settings.restore")}
          isDangerous
          answer={(isSure) => {
            setAsks(false);
            if (isSure) restore();
          }}
        >
          <p>{say("settings.restore_ask_help")}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function at(time: string): string {
  return timeText(Date.parse(time) / 1000, now.peek(), timezone.value);
}
