/** Keeps the input: as a capture, or as a test case of two files. Secrets are blanked by the hub. */
import { useEffect, useState } from "preact/hooks";

import { HubError } from "../data/http";
import { Notice } from "../parts/notice";
import { copied } from "../text/copy";
import { say } from "../text/words";
import { kept, view } from "./decoding";

const FALLBACK = "capture";

type File = { name: string; url: string };

export function Save() {
  const [name, setName] = useState("");
  const [status, setStatus] = useState("");
  const [problem, setProblem] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  useEffect(() => {
    setFiles([]); // they are of another input
    setStatus("");
    setProblem("");
  }, [view.value]);
  useEffect(
    () => () => {
      for (const file of files) URL.revokeObjectURL(file.url);
    },
    [files],
  );
  const run = async (work: () => Promise<string>) => {
    setProblem("");
    setStatus(say("decode.working"));
    try {
      setStatus(await work());
    } catch (error) {
      setStatus("");
      setProblem(error instanceof HubError ? error.message : String(error));
    }
  };
  const copy = () =>
    run(async () => say((await copied((await kept("capture")).capture)) ? "device.copied" : "device.not_copied"));
  const download = () =>
    run(async () => {
      save(fileOf(`${name || FALLBACK}.jsonl`, (await kept("capture")).capture));
      return say("decode.saved");
    });
  const draft = () =>
    run(async () => {
      const found = await kept("case", name || "case");
      setFiles([fileOf(`${name || "case"}.jsonl`, found.capture), fileOf(`${name || "case"}.toml`, found.entry)]);
      return say("decode.case_made");
    });
  return (
    <details class="plain save">
      <summary>{say("decode.save")}</summary>
      <div class="saving">
        <div class="row-of">
          <label class="field">
            <span>{say("decode.name")}</span>
            <input
              value={name}
              maxLength={60}
              placeholder="my_plug"
              spellcheck={false}
              autocapitalize="off"
              onInput={(event) => setName(nameOf(event.currentTarget.value))}
            />
          </label>
          <button type="button" onClick={() => void copy()}>
            {say("decode.copy_capture")}
          </button>
          <button type="button" onClick={() => void download()}>
            {say("decode.download_capture")}
          </button>
          <button type="button" onClick={() => void draft()}>
            {say("decode.save_case")}
          </button>
        </div>
        <p class="small" role="status">
          {status}
        </p>
        {files.length > 0 && (
          <p class="row-of">
            {files.map((file) => (
              <a key={file.name} class="button" href={file.url} download={file.name}>
                {file.name}
              </a>
            ))}
          </p>
        )}
        {problem && <Notice kind="fault">{problem}</Notice>}
        <p class="soft small">{say("decode.save_hint")}</p>
      </div>
    </details>
  );
}

/** What a name of a case may be. */
function nameOf(typed: string): string {
  return typed
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_")
    .replace(/^_+/, "");
}

function fileOf(name: string, content: string): File {
  return { name, url: URL.createObjectURL(new Blob([content], { type: "application/octet-stream" })) };
}

function save({ name, url }: File): void {
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
