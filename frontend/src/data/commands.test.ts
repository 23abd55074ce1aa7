import { afterEach, expect, it, vi } from "vitest";

import { loadWords } from "../text/words";
import { sendCommand } from "./commands";

afterEach(async () => {
  vi.unstubAllGlobals();
  await loadWords("en", "en-GB");
});

it.each([
  ["timeout", "no report within 5 s", "failed", "El dispositivo no respondió a tiempo. Puede estar desenchufado."],
  [
    "unreachable",
    "The conversation with the device ended.",
    "failed",
    "No se puede acceder al dispositivo ahora. El hub lo sigue intentando.",
  ],
  ["held", "trv is asleep; it gets this when it wakes.", "held", undefined],
  ["refused", "the button is locked", "failed", "the button is locked"],
  ["refused", "", "failed", "El dispositivo rechazó la orden."],
])("%s (%s) is said in the language of the page", async (outcome, reason, state, said) => {
  await loadWords("es", "es-ES");
  vi.stubGlobal(
    "fetch",
    async () => new Response(JSON.stringify({ device: "tv", point: "on", outcome, reason, ms: 0 })),
  );
  const found = await sendCommand("tv", "on", true);
  expect(found?.state).toBe(state);
  if (said) expect(found).toHaveProperty("reason", said);
  else expect(found).not.toHaveProperty("reason", reason);
});
