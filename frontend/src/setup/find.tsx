/** The first part: which plug, and where it is. */
import { useId, useState } from "preact/hooks";

import { post, HubError } from "../data/http";
import { requestLogin } from "../data/live";
import { Refusal, Submit, useAttempt } from "../parts/attempt";
import type { FoundPlug, SetupView } from "../data/shapes";
import { say } from "../text/words";

const ACCESS_POINT = "10.10.10.1";

/** POST, and the reason of a refusal; "" if it was accepted. */
export async function sent(path: string, body: unknown): Promise<string> {
  try {
    await post<SetupView>(path, body);
    return "";
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return error instanceof HubError ? error.message : String(error);
  }
}

export function Find({ onBegun }: { onBegun: () => void }) {
  const [keeps, setKeeps] = useState(false);
  return (
    <section class="card" aria-labelledby="which">
      <h2 id="which">{say("setup.which")}</h2>
      <div class="kinds" role="group" aria-labelledby="which">
        <button type="button" aria-pressed={!keeps} onClick={() => setKeeps(false)}>
          {say("setup.new_plug")}
        </button>
        <button type="button" aria-pressed={keeps} onClick={() => setKeeps(true)}>
          {say("setup.bound_plug")}
        </button>
      </div>
      {keeps ? <Bound onBegun={onBegun} /> : <New onBegun={onBegun} />}
    </section>
  );
}

function New({ onBegun }: { onBegun: () => void }) {
  const error = useId();
  const { busy, refusal, submit } = useAttempt(async () => {
    const problem = await sent("/api/setup", { address: ACCESS_POINT });
    if (!problem) onBegun();
    return problem;
  });
  return (
    <form class="fields" onSubmit={submit} aria-describedby={error}>
      <ol class="how">
        <li>{say("setup.how_button")}</li>
        <li>{say("setup.how_wifi")}</li>
        <li>{say("setup.how_look")}</li>
      </ol>
      <p class="soft small">{say("setup.one_card")}</p>
      <div>
        <Submit busy={busy}>{say("setup.look")}</Submit>
      </div>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

function Bound({ onBegun }: { onBegun: () => void }) {
  const [address, setAddress] = useState("");
  const [key, setKey] = useState("");
  const [place, secret, rule, error] = [useId(), useId(), useId(), useId()];
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    if (!address.trim()) return say("setup.address_missing");
    const problem = await sent("/api/setup", { address: address.trim(), keeps_wifi: true, plug_key: key });
    if (!problem) onBegun();
    return problem;
  });
  return (
    <form class="fields" noValidate onSubmit={submit}>
      <p class="soft small">{say("setup.bound_text")}</p>
      <Discovered
        onChosen={(ip) => {
          setAddress(ip);
          forget();
        }}
      />
      <div class="field">
        <label for={place}>{say("setup.address")}</label>
        <input
          id={place}
          value={address}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          aria-describedby={error}
          aria-invalid={refusal !== ""}
          onInput={(event) => {
            setAddress(event.currentTarget.value);
            forget();
          }}
        />
      </div>
      <div class="field">
        <label for={secret}>{say("setup.plug_key")}</label>
        <input
          id={secret}
          type="password"
          autoComplete="off"
          value={key}
          maxLength={64}
          aria-describedby={rule}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <p class="soft small" id={rule}>
          {say("setup.plug_key_rule")}
        </p>
      </div>
      <div>
        <Submit busy={busy}>{say("setup.look")}</Submit>
      </div>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

/** The plugs that answer a broadcast; one can be chosen. */
function Discovered({ onChosen }: { onChosen: (ip: string) => void }) {
  const [found, setFound] = useState<FoundPlug[] | undefined>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const error = useId();
  const look = async () => {
    setBusy(true);
    try {
      setFound(await post<FoundPlug[]>("/api/discover", {}));
      setProblem("");
    } catch (failure) {
      setProblem(failure instanceof HubError ? failure.message : String(failure));
    }
    setBusy(false);
  };
  return (
    <div class="discovered">
      <button type="button" aria-busy={busy} aria-disabled={busy || undefined} onClick={() => void (busy || look())}>
        {say(busy ? "setup.discovering" : "setup.discover")}
      </button>
      <div role="status">{found?.length === 0 && <p class="soft small">{say("setup.none_found")}</p>}</div>
      {found && found.length > 0 && (
        <ul class="rows">
          {found.map((one) => (
            <li key={one.uuid}>
              <div>
                <p>{say("setup.found_plug", { product: one.product, ip: one.ip })}</p>
                <p class="soft small">{one.uuid}</p>
              </div>
              <button type="button" onClick={() => onChosen(one.ip)}>
                {say("setup.this_one")}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Refusal id={error} text={problem} />
    </div>
  );
}
