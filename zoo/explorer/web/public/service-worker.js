/** Keeps the explorer's files in the browser, so that it works offline once it was loaded. */

// `zoo explorer` states both: what the files are, and a digest of what they hold.
const FILES = [];
const VERSION = "";
const CACHE = `zoo-explorer ${self.registration.scope} ${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(kept().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgotten().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) {
    event.respondWith(answered(event.request));
  }
});

async function kept() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function forgotten() {
  const mine = `zoo-explorer ${self.registration.scope} `;
  const old = (await caches.keys()).filter((name) => name.startsWith(mine) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answered(request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
