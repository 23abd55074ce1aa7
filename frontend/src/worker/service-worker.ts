/** The service worker, built as /sw.js: it keeps the files of the page, so that it opens without the hub. */
import { answered, fill, kindOf, PAGE } from "./shell";

declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: { version: string; files: readonly string[] }; // the build puts it in: vite.config.ts

const CACHE = `page-${__SHELL__.version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});
self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});
self.addEventListener("fetch", (event) => {
  const kind = kindOf(event.request, self.location.origin);
  if (kind !== "other")
    event.respondWith(
      caches.open(CACHE).then((store) => answered(kind, event.request, store, (...asked) => fetch(...asked))),
    );
});

async function install(): Promise<void> {
  await fill(await caches.open(CACHE), [PAGE, ...__SHELL__.files], (...asked) => fetch(...asked));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}
