import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../src/unclouded/web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8099", ws: true, changeOrigin: false } } },
});
