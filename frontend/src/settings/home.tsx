/** The home: its name and time zone, which the hub keeps; words, numbers, look and units, which this browser keeps. */
import { timezone } from "../data/live";
import { say } from "../text/words";
import { Language, Look, Numbers, Temperatures } from "./browser";
import { NameRow } from "./name-row";
import { Row, Section } from "./row";
import { resultOf, useSave } from "./save";
import { TableRows } from "./table-form";
import { changeTable, type Table } from "./tables";

type Props = { hub: Table | undefined; more: readonly Table[]; bar: string };

/** `hub`: undefined for a login that may only look. */
export function Home({ hub, more, bar }: Props) {
  return (
    <Section id="home" title={say("settings.home")}>
      <div class="list">
        {hub && <HomeNameRow hub={hub} bar={bar} />}
        {hub && <ZoneRow bar={bar} />}
        <Language />
        <Numbers />
        <Look />
        <Temperatures />
        {more.map((table) => (
          <TableRows key={table.table} table={table} bar={bar} />
        ))}
      </div>
    </Section>
  );
}

function HomeNameRow({ hub, bar }: { hub: Table; bar: string }) {
  const field = hub.fields.find((one) => one.key === "name");
  const value = typeof hub.keys.name === "string" ? hub.keys.name : "";
  const change = async (name: string) =>
    resultOf(await changeTable({ table: "hub" }, { name: name || null }), () => false);
  return (
    <NameRow
      id="home-name"
      title={field?.name}
      text={field?.help}
      value={value}
      name="name"
      change={change}
      placeholder={say("app.title")}
      bar={bar}
    />
  );
}

function ZoneRow({ bar }: { bar: string }) {
  const save = useSave();
  const current = timezone.value;
  const zones = [...new Set([current, "UTC", ...Intl.supportedValuesOf("timeZone")])].sort();
  const choose = (zone: string) =>
    void save.run(async () => resultOf(await changeTable({ table: "hub" }, { timezone: zone }), () => false));
  return (
    <Row
      title={<label for="zone">{say("settings.zone")}</label>}
      text={say("settings.zone_help")}
      isStacked
      save={save}
      name="timezone"
    >
      <select
        id="zone"
        value={current}
        disabled={bar !== ""}
        aria-busy={save.busy}
        title={bar || undefined}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {zones.map((zone) => (
          <option key={zone} value={zone}>
            {zone.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </Row>
  );
}
