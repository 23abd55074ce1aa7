/** The second part: the plug that was found; its Wi-Fi and its name. */
import type { TargetedEvent } from "preact";
import { useId, useState } from "preact/hooks";

import { Refusal, Submit, useAttempt } from "../parts/attempt";
import type { SetupNetwork, SetupView } from "../data/shapes";
import { sayIfKnown, say } from "../text/words";
import { AdmissionFields, NOT_NAMED } from "./admission";
import { sent } from "./find";
import { factsOf, passwordProblem } from "./progress";

const HIDDEN = "\0"; // the choice of a network that is not in the list; no name contains it

export function FoundFacts({ view }: { view: SetupView }) {
  return (
    <section class="card" aria-labelledby="found">
      <h2 id="found">{say("setup.found")}</h2>
      <dl class="facts">
        {factsOf(view.plug).map(([name, value]) => (
          <div key={name}>
            <dt>{sayIfKnown(`setup.fact_${name}`, name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Choose({ view, onSent }: { view: SetupView; onSent: () => void }) {
  const { networks } = view;
  const [chosen, choose] = useState(networks[0]?.ssid ?? HIDDEN);
  const [hiddenName, setHiddenName] = useState("");
  const [password, setPassword] = useState("");
  const [admission, setAdmission] = useState(NOT_NAMED);
  const error = useId();
  const isHidden = chosen === HIDDEN;
  const network = networks.find((one) => one.ssid === chosen);
  const needsPassword = !view.keeps_wifi && !network?.open;
  const wifi = view.keeps_wifi
    ? {}
    : { ssid: isHidden ? hiddenName : chosen, hidden: isHidden, password: needsPassword ? password : "" };
  const { busy, refusal, forget, submit } = useAttempt(async () => {
    const problem = needsPassword && !isHidden ? passwordProblem(password, network?.encryption ?? "") : "";
    const text = problem ? say(problem) : await sent("/api/setup/join", { ...wifi, ...admission });
    if (!text) onSent();
    return text;
  });
  const changed =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      set(value);
      forget();
    };
  return (
    <form class="card fields" noValidate onSubmit={submit}>
      <h2>{say(view.keeps_wifi ? "setup.name_it" : "setup.wifi_and_name")}</h2>
      {!view.keeps_wifi && <Networks networks={networks} chosen={chosen} onChoose={changed(choose)} />}
      {!view.keeps_wifi && isHidden && (
        <Text label={say("setup.hidden_name")} value={hiddenName} onInput={changed(setHiddenName)} />
      )}
      {needsPassword && (
        <Text
          label={say("setup.password")}
          value={password}
          secret
          onInput={changed(setPassword)}
          describedBy={error}
        />
      )}
      <AdmissionFields value={admission} onChange={changed(setAdmission)} describedBy={error} />
      <div>
        <Submit busy={busy}>{say("setup.connect")}</Submit>
      </div>
      <Refusal id={error} text={refusal} />
    </form>
  );
}

type NetworksProps = { networks: readonly SetupNetwork[]; chosen: string; onChoose: (ssid: string) => void };

function Networks({ networks, chosen, onChoose }: NetworksProps) {
  const name = useId();
  const options = [
    ...networks.map((one) => ({ ssid: one.ssid, text: one.ssid, note: noteOf(one) })),
    { ssid: HIDDEN, text: say("setup.not_listed"), note: "" },
  ];
  return (
    <fieldset class="networks">
      <legend>{say("setup.wifi")}</legend>
      {options.map((one) => (
        <label key={one.ssid}>
          <input type="radio" name={name} checked={chosen === one.ssid} onChange={() => onChoose(one.ssid)} />
          <span>{one.text}</span>
          <span class="soft small">{one.note}</span>
        </label>
      ))}
      <p class="soft small">{say("setup.only_24")}</p>
    </fieldset>
  );
}

function noteOf(network: SetupNetwork): string {
  return say("setup.network", {
    signal: network.signal,
    encryption: network.open ? say("setup.open") : network.encryption,
  });
}

type TextProps = {
  label: string;
  value: string;
  onInput: (value: string) => void;
  secret?: boolean;
  describedBy?: string;
};

/** An input; a secret one can be shown. */
function Text({ label, value, onInput, secret = false, describedBy }: TextProps) {
  const [id, [shown, show]] = [useId(), useState(false)];
  const shared = {
    id,
    value,
    autoComplete: "off",
    autoCapitalize: "none",
    spellcheck: false,
    "aria-describedby": describedBy,
    onInput: (event: TargetedEvent<HTMLInputElement>) => onInput(event.currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="row-of">
        {secret && !shown ? <input type="password" {...shared} /> : <input type="text" {...shared} />}
        {secret && (
          <button type="button" aria-pressed={shown} onClick={() => show(!shown)}>
            {say("setup.show")}
          </button>
        )}
      </div>
    </div>
  );
}
