/** Below each chart: its data as a table, and as CSV. */
import { useState } from "preact/hooks";

import { say } from "../text/words";
import type { Table } from "./table";

type Props = Readonly<{
  /** Created only when it is shown. */
  table: () => Table;
  caption: string;
  csv: { href: string; name: string } | { text: () => string; name: string };
  /** The link of the first cell of a row. */
  link?: (row: number) => string | undefined;
}>;

export function Under({ table, caption, csv, link }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <div class="row-of under">
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {say(isOpen ? "history.table_hide" : "history.table")}
        </button>
        {"href" in csv ? (
          <a class="as-button" href={csv.href} download={csv.name}>
            {say("history.csv")}
          </a>
        ) : (
          <button type="button" onClick={() => save(csv.text(), csv.name)}>
            {say("history.csv")}
          </button>
        )}
      </div>
      {isOpen && <Rows table={table()} caption={caption} link={link} />}
    </>
  );
}

function Rows({ table, caption, link }: { table: Table; caption: string; link: Props["link"] | undefined }) {
  const { head, rows, step } = table;
  return (
    <div class="scrolls table-box" tabIndex={0} role="region" aria-label={caption}>
      <table class="data">
        <caption class="small soft">
          {caption}
          {step && ` ${say("history.rows_step", { step })}`}
        </caption>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col" class={index ? "number" : ""}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, which) => {
            const href = link?.(which);
            return (
              <tr key={row[0]}>
                {row.map((cell, index) =>
                  index ? (
                    <td key={index} class="number">
                      {cell}
                    </td>
                  ) : (
                    <th key={index} scope="row">
                      {href ? <a href={href}>{cell}</a> : cell}
                    </th>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Save a text as a file. */
export function save(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
