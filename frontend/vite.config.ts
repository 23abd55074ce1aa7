import { defineConfig, type Plugin } from "vite";

import { ENTRIES, importedBy, partsFrom } from "./imports";
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
        for (const css of chunk.viteMetadata?.importedCss ?? []) needed.add(css);
      };
      for (const one of Object.values(bundle))
        if (one.type === "chunk" && one.isEntry && one.name === "index") need(one.fileName);
      const files = ["/theme.js", ...[...needed].sort().map((name) => `/${name}`)];
      const names = new TextEncoder().encode(Object.keys(bundle).sort().join()); // they change with the content
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", names));
      const version = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
      worker.code = worker.code.replaceAll("__SHELL__", JSON.stringify({ version, files }));
    },
  };
}

/**
 * What the first paint waits for is asked for at once: the modules that the entry imports, and by theme.js the texts of
 * the language. Otherwise each would be found only when the one before it has been read.
 */
function early(): Plugin {
  return {
    name: "early",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle, chunk }) {
        if (!bundle || !chunk) return html;
        const its = chunk.name === "fleet" ? "fleet" : "hub";
        const texts = Object.values(bundle).flatMap((one) => {
          const [, language, page, part] = (one.type === "chunk" && LOADED_TEXTS.exec(one.facadeModuleId ?? "")) || [];
          return language && page === its && !part ? [[language, `/${one.fileName}`]] : [];
        });
        const named = html.replace(
          'src="/theme.js"',
          `src="/theme.js" data-texts='${JSON.stringify(Object.fromEntries(texts))}'`,
        );
        const needed = new Set<string>();
        const need = (name: string) => {
          const found = bundle[name];
          if (needed.has(name) || found?.type !== "chunk") return;
          needed.add(name);
          found.imports.forEach(need);
        };
        chunk.imports.forEach(need);
        const tags = [...needed].map((name) => ({
          tag: "link",
          attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` },
          injectTo: "head" as const,
        }));
        return { html: named, tags };
      },
    },
  };
}

/**
 * Writes what each page loads, for the test of its size: of the hub and of the fleet the files of the first paint as
 * "", and by name what a part loads beside them. Texts are the English ones.
 */
function loads(): Plugin {
  return {
    name: "loads",
    enforce: "post",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((one) => one.type === "chunk");
      const textsOf = (page: string, part = "") =>
        chunks.find(({ facadeModuleId }) => {
          const [, language, its, name = ""] = LOADED_TEXTS.exec(facadeModuleId ?? "") ?? [];
          return language === "en" && its === page && name === part;
        });
      const filesOf = (...roots: ((typeof chunks)[number] | undefined)[]) => {
        const files = new Set<string>();
        const add = (chunk: (typeof chunks)[number] | undefined) => {
          if (!chunk || files.has(chunk.fileName)) return;
          files.add(chunk.fileName);
          for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
          for (const name of chunk.imports) add(chunks.find((one) => one.fileName === name));
        };
        roots.forEach(add);
        return files;
      };
      const found: Record<string, Record<string, string[]>> = {};
      for (const [page, entry] of Object.entries(ENTRIES)) {
        const html = page === "hub" ? "index.html" : "fleet.html";
        const first = filesOf(
          chunks.find((one) => one.isEntry && one.moduleIds.includes(entry)),
          textsOf(page),
        );
        found[page] = { "": [html, "theme.js", ...first] };
        for (const [part, module] of partsFrom(entry)) {
          const own = filesOf(
            chunks.find((one) => one.facadeModuleId === module),
            textsOf(page, part),
          );
          found[page][part] = [...own].filter((one) => !first.has(one)).sort();
        }
      }
      this.emitFile({ type: "asset", fileName: ".loads.json", source: JSON.stringify(found, null, 1) });
    },
  };
}

/** `en`, `en-fleet` and `en-history`: texts of a language; other chunks are called as they are. */
function nameOf({ name, facadeModuleId }: { name: string; facadeModuleId?: string | null }): string {
  const [, language, page, part] = LOADED_TEXTS.exec(facadeModuleId ?? "") ?? [];
  if (!language) return name;
  return part ? `${language}-${part.split("/").pop()}` : page === "hub" ? language : `${language}-${page}`;
}

/**
 * What the first paint of a page takes is in few files, whichever pages use its modules too: `both` of hub and fleet,
 * `home` of the hub and of those parts of a fleet that show a home, and `hub` of the hub alone. All else is divided as
 * it is needed.
 */
function firstPaint() {
  const [hub, fleet] = [importedBy(ENTRIES.hub), importedBy(ENTRIES.fleet)];
  const isCommon = (id: string) => /node_modules\/@?preact\/|preload-helper/.test(id) || (hub.has(id) && fleet.has(id));
  const shown = new Set<string>();
  for (const part of partsFrom(ENTRIES.fleet).values()) for (const id of importedBy(part, true).keys()) shown.add(id);
  return {
    groups: [
      { name: "both", test: isCommon },
      { name: "home", test: (id: string) => hub.has(id) && shown.has(id) },
      { name: "hub", test: (id: string) => id !== ENTRIES.hub && hub.has(id) },
    ],
  };
}

export default defineConfig({
  plugins: [texts(), early(), shell(), loads()],
  build: {
    outDir: "../src/unclouded/web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: "index.html", fleet: "fleet.html", sw: "src/worker/service-worker.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: (chunk) => `assets/${nameOf(chunk)}-[hash].js`,
        codeSplitting: firstPaint(),
      },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8099", ws: true, changeOrigin: false } } },
});
