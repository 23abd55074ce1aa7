/** Adding a device in three steps: what was found, is it this one, its name and room. The address says which. */
import { useEffect, useRef } from "preact/hooks";

import { useTest } from "../add/follow";
import { FoundStep } from "../add/found";
import { markOfNew } from "../add/marks";
import { NamingStep } from "../add/naming";
import { useOnboarding } from "../add/onboarding";
import { placeOf, type Place } from "../add/progress";
import { Steps } from "../add/steps";
import { TrialStep } from "../add/trial";
import { role } from "../data/live";
import type { Onboarding } from "../data/shapes";
import { focusMain } from "../parts/focus";
import { Notice } from "../parts/notice";
import { query } from "../routing/router";
import { say } from "../text/words";
import "../add/add.css";

export function AddPage() {
  const place = placeOf(query.value);
  const { value: view, error, again } = useOnboarding(place.offer);
  useStartOfPage(`${place.offer} ${place.step}`);
  return (
    <main class="onboarding add">
      <div class="narrow">
        {role.value === "read" ? (
          <Notice>{say("add.read_only")}</Notice>
        ) : (
          <>
            {error && (
              <Notice kind="fault" again={again}>
                {error}
              </Notice>
            )}
            {view ? <Step key={place.offer} view={view} place={place} again={again} /> : <Steps at={place.step} />}
          </>
        )}
      </div>
    </main>
  );
}

type StepProps = { view: Onboarding; place: Place; again: () => void };

function Step({ view, place, again }: StepProps) {
  if (place.offer) return <Chosen view={view} place={place} again={again} />;
  return (
    <>
      <Steps at="found" />
      <FoundStep view={view} way={place.way} again={again} />
    </>
  );
}

/** The two steps of an offer share its test. A name is asked for once it is known what answers. */
function Chosen({ view, place, again }: StepProps) {
  const followed = useTest(view, place.offer, again);
  const offer = view.offers.find((one) => one.id === place.offer);
  const isNameable = offer !== undefined && (followed.test?.proposal != null || offer.family !== "");
  const step = place.step === "naming" && isNameable ? "naming" : "trial";
  return (
    <>
      <Steps at={step} />
      {step === "naming" && offer ? (
        <NamingStep offer={offer} followed={followed} mark={markOfNew} />
      ) : (
        <TrialStep offer={offer} followed={followed} mark={markOfNew} />
      )}
    </>
  );
}

/** Another step begins at the top of the page. */
function useStartOfPage(step: string): void {
  const last = useRef(step);
  useEffect(() => {
    if (last.current === step) return;
    last.current = step;
    scrollTo(0, 0);
    focusMain();
  }, [step]);
}
