/** Takes the place of a worker that kept an explorer at this address, removes all of it and itself. */

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(removed()));

async function removed() {
  const mine = `zoo-explorer ${self.registration.scope} `;
  const old = (await caches.keys()).filter((name) => name.startsWith(mine));
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.registration.unregister();
  for (const client of await self.clients.matchAll({ type: "window" })) client.navigate(client.url);
}
