// Keeps the page that is shown without a network, and files whose address carries their fingerprint. Never a page of
// the portal: those are answered by the clinic, or not at all.
const KEPT = "portal-{{ version }}";
const OFFLINE = {{ offline|tojson }};

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const kept = await caches.open(KEPT);
    const answer = await fetch(OFFLINE, { cache: "reload", credentials: "omit" });
    if (!answer.ok) throw new Error("no offline page");
    const sheets = [...(await answer.clone().text()).matchAll(/href="([^"]+\.css\?v=[^"]+)"/g)].map((found) => found[1].replaceAll("&amp;", "&"));
    await kept.put(OFFLINE, answer);
    await kept.addAll(sheets);
    // What is kept has fingerprints in its addresses, so a page opened under the last version finds its files as before.
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("portal-") && name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

const isFingerprinted = (url) => url.pathname.startsWith("/static/") && (url.searchParams.has("v") || url.pathname.startsWith("/static/~"));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
  } else if (isFingerprinted(url)) {
    event.respondWith((async () => {
      const known = await caches.match(request);
      if (known) return known;
      const answer = await fetch(request);
      if (answer.ok && answer.type === "basic") (await caches.open(KEPT)).put(request, answer.clone());
      return answer;
    })());
  }
});

self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data?.json() ?? {}; } catch { said = {}; }
  event.waitUntil(self.registration.showNotification(said.title || {{ name|tojson }}, {
    tag: said.tag, icon: {{ app_icon|tojson }}, badge: {{ badge|tojson }}, data: { path: said.path },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = String(event.notification.data?.path ?? "");
  const target = new URL(path.startsWith("/") && !path.startsWith("//") ? path : "/portal", self.location.origin);
  event.waitUntil((async () => {
    if (target.origin !== self.location.origin) return;
    const open = await self.clients.matchAll({ type: "window" });
    const page = open.find((client) => new URL(client.url).pathname.startsWith("/portal"));
    if (page) { await page.focus(); await page.navigate(target.href).catch(() => self.clients.openWindow(target.href)); }
    else await self.clients.openWindow(target.href);
  })());
});
