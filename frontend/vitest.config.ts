import { defineConfig } from "vitest/config";

import { texts } from "./texts_plugin";

export default defineConfig({
  plugins: [texts()],
  test: { include: ["src/**/*.test.ts"], setupFiles: ["src/text/testing.ts"] },
});
