/** The steps of a set-up as the page lists them: one line for each, its newest text. Pure. */
import type { SetupStep, SetupView } from "../data/shapes";

/** `details`: what it does, while it runs. `hint`: what the person has to do meanwhile. */
export type StepLine = {
  step: SetupStep["step"];
  state: "running" | "done" | "failed";
  text: string;
  details: readonly string[];
  hint: string;
};

/** One line for each step, in their order; progress is shown while a step runs only. */
export function linesOf(steps: readonly SetupStep[]): StepLine[] {
  const lines = new Map<SetupStep["step"], StepLine>();
  for (const one of steps) lines.set(one.step, added(lines.get(one.step), one));
  return [...lines.values()];
}

function added(line: StepLine | undefined, { step, state, text }: SetupStep): StepLine {
  const before = line ?? { step, state: "running" as const, text, details: [], hint: "" };
  switch (state) {
    case "progress":
      return { ...before, details: [...before.details, text] };
    case "waiting":
      return { ...before, hint: text };
    case "started":
      return { step, state: "running", text, details: [], hint: "" };
    default:
      return { step, state, text: state === "failed" ? before.text : text, details: [], hint: "" };
  }
}

/** The three parts of the wizard. */
export const PARTS = ["find", "choose", "connect"] as const;
export type Part = (typeof PARTS)[number];

/** The part that a set-up is in; one that failed stays in the part where it did. */
export function partOf(view: Pick<SetupView, "phase" | "steps">): Part {
  if (view.phase === "choosing") return "choose";
  const connects = view.steps.some((one) => one.step !== "find" && one.step !== "scan");
  return view.phase === "joining" || view.phase === "done" || connects ? "connect" : "find";
}

/** What is known of the plug, in the order in which it is shown: the name of the text, and the value. */
export function factsOf(plug: Readonly<Record<string, string>>): [string, string][] {
  const order = ["product", "mac", "hardware", "version", "address", "server", "uuid"];
  return order.filter((name) => plug[name]).map((name) => [name, plug[name] as string]);
}

const SHORTEST = 8,
  LONGEST = 63,
  HEX_KEY = /^[0-9a-f]{64}$/i;

/** Why a password cannot be that of a WPA network; "" if it can. The hub checks it again, and other kinds. */
export function passwordProblem(password: string, encryption: string): "" | "setup.password_length" {
  const size = new TextEncoder().encode(password).length;
  const isPlain = encryption === "open" || encryption === "WEP";
  return isPlain || (size >= SHORTEST && size <= LONGEST) || HEX_KEY.test(password) ? "" : "setup.password_length";
}
