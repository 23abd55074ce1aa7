/** The parts of the Hub page: version, links, broker, store, session. */
import { useState } from "preact/hooks";

import { familyName, LinkPlace } from "../device/identity/about";
import { SeenPlugs } from "../device/identity/admit";
import { usePolled } from "../data/polled";
import { post, HubError } from "../data/http";
import { devices, role, requestLogin } from "../data/live";
import { Fact } from "../parts/fact";
import { Notice } from "../parts/notice";
import { StateDot, StateText } from "../parts/state";
import { inTree, nameOf } from "../devices/points";
import type { Hub, Session } from "../data/shapes";
import { countText } from "../text/format";
import { say } from "../text/words";
import { brokerAddress, brokerRows, bytesText, durationText, storeProblems } from "./text";

export function About({ hub }: { hub: Hub }) {
  return (
    <section class="card" aria-labelledby="about">
      <h2 id="about">{say("hub.about")}</h2>
      <dl class="facts live">
        <Fact name={say("hub.version")}>{hub.version}</Fact>
        <Fact name={say("hub.uptime")}>{durationText(hub.uptime_s)}</Fact>
        <Fact name={say("hub.addresses")}>
          {hub.web.length ? (
            <ul>
              {hub.web.map((address) => (
                <li key={address}>
                  <a href={address}>{address}</a>
                </li>
              ))}
            </ul>
          ) : (
            say("hub.no_address")
          )}
        </Fact>
        <Fact name={say("hub.timezone")}>{hub.timezone}</Fact>
        <Fact name={say("hub.data")}>
          <code>{hub.data}</code>
        </Fact>
        <Fact name={say("hub.process")}>{hub.pid}</Fact>
        <Fact name={say("hub.api")}>
          <a href="/api/openapi.json">/api/openapi.json</a>
        </Fact>
        <Fact name={say("hub.products")}>
          <a href="/products">{say("products.title")}</a>
        </Fact>
      </dl>
    </section>
  );
}

export function Links() {
  const rows = inTree(devices.value.filter((one) => one.state !== "seen"));
  return (
    <section class="card links" aria-labelledby="links">
      <h2 id="links">{say("hub.links")}</h2>
      {!rows.length && <p class="soft">{say("device.none")}</p>}
      <ul>
        {rows.map(({ device, depth }) => (
          <li key={device.id} style={{ "--depth": depth }}>
            <a class="plain name" href={`/devices/${encodeURIComponent(device.id)}`}>
              <StateDot state={device.state} />
              <span>{nameOf(device)}</span>
            </a>
            <p class="where">
              {device.link ? <LinkPlace link={device.link} /> : say("hub.no_link")}
            </p>
            <p class="soft small">{familyName(device.family)}</p>
            <p class="live">
              <StateText device={device} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Broker({ hub }: { hub: Hub }) {
  const { broker } = hub;
  return (
    <section class="card" aria-labelledby="broker">
      <h2 id="broker">{say("hub.broker")}</h2>
      {broker ? (
        <>
          {brokerAddress(broker) && <p>{say("hub.broker_at", { address: brokerAddress(broker) })}</p>}
          <dl class="facts live">
            {brokerRows(broker).map(({ key, name, value }) => (
              <Fact key={key} name={name}>
                {value}
              </Fact>
            ))}
          </dl>
          <h3>{say("device.seen_plugs")}</h3>
          <SeenPlugs none={say("hub.no_seen_plugs")} />
        </>
      ) : (
        <p class="soft">{say("hub.no_broker")}</p>
      )}
    </section>
  );
}

export function Store({ hub }: { hub: Hub }) {
  const { store } = hub;
  const problems = storeProblems(store);
  return (
    <section class="card" aria-labelledby="store">
      <h2 id="store">{say("hub.store")}</h2>
      <dl class="facts live">
        <Fact name={say("hub.store_size")}>{bytesText(store.bytes)}</Fact>
        <Fact name={say("hub.store_stored")}>{say("hub.store_batches", { stored: countText(store.stored), batches: countText(store.batches) })}</Fact>
        <Fact name={say("hub.store_waiting")}>{countText(store.waiting)}</Fact>
        <Fact name={say("hub.store_write")}>{store.batches ? `${countText(store.write_ms)} ms` : say("hub.store_not_written")}</Fact>
      </dl>
      {problems.length ? (
        <ul class="problems">
          {problems.map((text) => (
            <li key={text}>
              <Notice>{text}</Notice>
            </li>
          ))}
        </ul>
      ) : (
        <p class="soft">{say("hub.store_healthy")}</p>
      )}
    </section>
  );
}

/** The role of the session, and a button to log out. */
export function SessionCard() {
  const { value, error, again } = usePolled<Session>("/api/session");
  const [refusal, setRefusal] = useState("");
  const logOut = async () => {
    try {
      const session = await post<Session>("/api/logout", {});
      setRefusal("");
      if (session.role === null) requestLogin();
    } catch (failure) {
      setRefusal(failure instanceof HubError ? failure.message : String(failure));
    }
  };
  return (
    <section class="card" aria-labelledby="session">
      <h2 id="session">{say("hub.session")}</h2>
      <p>{say(role.value === "read" ? "hub.role_read" : "hub.role_control")}</p>
      {value && !value.login && <p class="soft">{say("hub.no_login")}</p>}
      {value?.login && (
        <button type="button" onClick={() => void logOut()}>
          {say("hub.log_out")}
        </button>
      )}
      {(refusal || error) && (
        <Notice kind="fault" again={refusal ? undefined : again}>
          {refusal || error}
        </Notice>
      )}
    </section>
  );
}
