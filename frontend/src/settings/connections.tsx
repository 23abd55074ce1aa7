/**
 * How the hub is reached: the page, the broker of plugs, the links of devices, and the programs that get its values.
 */
import { useState } from "preact/hooks";

import { familyName, LinkPlace } from "../device/identity/about";
import { SeenPlugs } from "../device/identity/admit";
import { devices } from "../data/live";
import type { Hub } from "../data/shapes";
import { inTree, nameOf } from "../devices/points";
import { Fact } from "../parts/fact";
import { StateDot, StateText } from "../parts/state";
import { say } from "../text/words";
import { Fleet } from "./fleet";
import { Row, Section } from "./row";
import { TableRows } from "./table-form";
import type { Table } from "./tables";
import { brokerAddress, brokerRows } from "./text";

type Props = { hub: Hub | undefined; own: readonly Table[]; publish: readonly Table[]; bar: string };

/** `own`: the tables of the hub's own listeners; `publish`: those of other programs. */
export function Connections({ hub, own, publish: all, bar }: Props) {
  const fleet = all.find((one) => one.table === "fleet");
  const publish = all.filter((one) => one !== fleet);
  return (
    <Section id="connections" title={say("settings.connections")}>
      <div class="list">
        {hub && <Addresses addresses={hub.web} />}
        {own.map((table) => (
          <TableRows key={table.table} table={table} bar={bar} />
        ))}
      </div>
      {publish.length > 0 && (
        <>
          <h3 id="publish">{say("settings.publish")}</h3>
          <p class="soft">{say("settings.publish_help")}</p>
          <div class="list">
            {publish.map((table) => (
              <TableRows
                key={table.table}
                table={table}
                bar={bar}
                state={hub?.publish.find((one) => one.name === table.table)}
              />
            ))}
          </div>
        </>
      )}
      {fleet && <Fleet table={fleet} bar={bar} />}
      {hub?.broker && <Broker broker={hub.broker} />}
      <Links />
    </Section>
  );
}

function Addresses({ addresses }: { addresses: readonly string[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const inNetwork = addresses.find(isInNetwork);
  const code = isOpen && inNetwork && (
    <div class="qr-box">
      <p class="soft">{say("hub.qr")}</p>
      <img
        class="qr"
        src="/api/hub/qr.svg"
        width="180"
        height="180"
        alt={say("hub.qr_label", { address: inNetwork })}
      />
    </div>
  );
  return (
    <Row
      title={say("hub.addresses")}
      text={addresses.length ? <AddressList addresses={addresses} /> : say("hub.no_address")}
      name="addresses"
      below={code}
    >
      {inNetwork && (
        <button type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          {say(isOpen ? "settings.close" : "settings.show_qr")}
        </button>
      )}
    </Row>
  );
}

function AddressList({ addresses }: { addresses: readonly string[] }) {
  return (
    <span class="addresses">
      {addresses.map((one) => (
        <a key={one} href={one}>
          {one}
        </a>
      ))}
    </span>
  );
}

/** Whether other devices can open an address. */
function isInNetwork(address: string): boolean {
  return !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(address).hostname);
}

function Broker({ broker }: { broker: NonNullable<Hub["broker"]> }) {
  const address = brokerAddress(broker);
  return (
    <section aria-labelledby="broker">
      <h3 id="broker">{say("settings.plugs")}</h3>
      {address && <p class="soft">{say("hub.broker_at", { address })}</p>}
      <SeenPlugs none={say("hub.no_seen_plugs")} />
      <details class="plain">
        <summary>{say("settings.figures")}</summary>
        <dl class="facts live">
          {brokerRows(broker).map(({ key, name, value }) => (
            <Fact key={key} name={name}>
              {value}
            </Fact>
          ))}
        </dl>
      </details>
    </section>
  );
}

function Links() {
  const rows = inTree(devices.value.filter((one) => one.state !== "seen"));
  if (!rows.length) return null;
  return (
    <details class="plain links">
      <summary>{say("settings.links", { count: rows.length })}</summary>
      <ul>
        {rows.map(({ device, depth }) => (
          <li key={device.id} style={{ "--depth": depth }}>
            <a class="plain name" href={`/devices/${encodeURIComponent(device.id)}`}>
              <StateDot state={device.state} />
              <span>{nameOf(device)}</span>
            </a>
            <p class="where">{device.link ? <LinkPlace link={device.link} /> : say("hub.no_link")}</p>
            <p class="soft small">{familyName(device.family)}</p>
            <p class="live">
              <StateText device={device} />
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}
