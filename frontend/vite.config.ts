import { defineConfig, type Plugin } from "vite";

import { LOADED_TEXTS, texts } from "./texts_plugin";

/** Gives the service worker what the page needs at its start, and which version of the page this is. */
function shell(): Plugin {
  return {
    name: "shell",
    enforce: "post",
    async generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("There is no sw.js.");
      const needed = new Set<string>();
      const need = (name: string) => {
        const chunk = bundle[name];
        if (needed.has(name) || chunk?.type !== "chunk") return;
        needed.add(name);
        chunk.imports.forEach(need);
        chunk.viteMetadata?.importedCss.forEach((css) => needed.add(css));
      };
      for (const one of Object.values(bundle)) if (one.type === "chunk" && one.isEntry && one !== worker) need(one.fileName);
      const files = ["/theme.js", ...[...needed].sort().map((name) => `/${name}`)];
      const names = new TextEncoder().encode(Object.keys(bundle).sort().join()); // they change with the content
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", names));
      const version = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
      worker.code = worker.code.replaceAll("__SHELL__", JSON.stringify({ version, files }));
    },
  };
}

/**
 * What the first paint waits for is asked for at once: the modules that main.tsx imports, and by theme.js the texts of the
 * language. Otherwise each would be found only when the one before it has been read.
 */
function early(): Plugin {
  return {
    name: "early",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle, chunk }) {
        if (!bundle || !chunk) return html;
        const texts = Object.values(bundle).flatMap((one) => {
          const [, language, part] = (one.type === "chunk" && LOADED_TEXTS.exec(one.facadeModuleId ?? "")) || [];
          return language && part === "first" ? [[language, `/${one.fileName}`]] : [];
        });
        const named = html.replace('src="/theme.js"', `src="/theme.js" data-texts='${JSON.stringify(Object.fromEntries(texts))}'`);
        const needed = new Set<string>();
        const need = (name: string) => {
          const found = bundle[name];
          if (needed.has(name) || found?.type !== "chunk") return;
          needed.add(name);
          found.imports.forEach(need);
        };
        chunk.imports.forEach(need);
        const tags = [...needed].map((name) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` }, injectTo: "head" as const }));
        return { html: named, tags };
      },
    },
  };
}

/** `en` and `en-rest`: parts of the texts of a language; other chunks are called as they are. */
function nameOf({ name, facadeModuleId }: { name: string; facadeModuleId?: string | null }): string {
  const [, language, part] = LOADED_TEXTS.exec(facadeModuleId ?? "") ?? [];
  return language ? language + (part === "rest" ? "-rest" : "") : name;
}

export default defineConfig({
  plugins: [texts(), early(), shell()],
  build: {
    outDir: "../src/unclouded/web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/worker/service-worker.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"), chunkFileNames: (chunk) => `assets/${nameOf(chunk)}-[hash].js` },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8099", ws: true, changeOrigin: false } } },
});
