// The pages: which one a path means, and the live feed that all of them share.

import { el, get } from "./dom.js";
import { callsPage } from "./calls.js";
import { callPage } from "./call.js";
import { trunkPage, trunksPage } from "./trunk.js";

const main = document.getElementById("main");
const feed = document.getElementById("feed");
const trouble = document.getElementById("trouble");
let leave = null;

function route() {
  const parts = location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  if (parts[0] === "calls" && parts[1]) return { nav: "calls", title: "Call", show: (page) => callPage(page, parts[1]) };
  if (parts[0] === "trunks" && parts[1]) return { nav: "trunks", title: parts[1], show: (page) => trunkPage(page, parts[1]) };
  if (parts[0] === "trunks") return { nav: "trunks", title: "Trunks", show: trunksPage };
  return { nav: "calls", title: "Calls", show: callsPage };
}

function show() {
  if (leave) leave.abort();
  leave = new AbortController();
  const { nav, title, show: draw } = route();
  document.title = `${title} · Trunkline`;
  for (const one of document.querySelectorAll("[data-nav]")) {
    if (one.dataset.nav === nav) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  const page = el("div", { class: "stack" });
  main.replaceChildren(page);
  Promise.resolve(draw({ page, signal: leave.signal, go, events })).catch((error) => {
    if (error.name !== "AbortError") page.replaceChildren(el("p", { class: "card error" }, error.message));
  });
}

export function go(path) {
  history.pushState(null, "", path);
  show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href]");
  if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(anchor.href);
  if (url.origin !== location.origin || url.pathname.startsWith("/api/") || anchor.target || anchor.hasAttribute("download")) return;
  if (url.pathname === location.pathname && url.hash) return;
  event.preventDefault();
  go(url.pathname + url.search);
});
addEventListener("popstate", show);

let waiting = null;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (waiting === "g") {
    waiting = null;
    if (event.key === "c") return go("/");
    if (event.key === "t") return go("/trunks");
  }
  const rows = [...main.querySelectorAll("tr.link a.row, a.trunk")];
  const at = rows.indexOf(document.activeElement);
  if (event.key === "g") waiting = "g";
  else if (event.key === "j" && rows.length) rows[Math.min(at + 1, rows.length - 1)].focus();
  else if (event.key === "k" && rows.length) rows[Math.max(at - 1, 0)].focus();
  else if (event.key === "/") {
    const search = main.querySelector("input[type=search]");
    if (search) { search.focus(); event.preventDefault(); }
  } else if (event.key === "Escape" && location.pathname !== "/") history.back();
});

// One connection for all pages. The browser comes back by itself, with the id of what it saw last.
const events = new EventTarget();
let since = null;
const source = new EventSource("/api/live/events");
source.onopen = () => { since = null; feed.dataset.state = "live"; feed.textContent = "live"; health(); };
source.onerror = () => {
  since = since || new Date();
  feed.dataset.state = "stale";
  feed.textContent = `stale since ${since.toLocaleTimeString()}`;
};
for (const name of ["snapshot", "change"]) {
  source.addEventListener(name, (message) => {
    events.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(message.data) }));
  });
}

async function health() {
  try {
    const ready = await fetch("/readyz").then((response) => response.json());
    trouble.hidden = ready.ready;
    trouble.textContent = ready.ready ? "" : `▲ ${ready.why}`;
    if (!ready.ready) setTimeout(health, 2000);
  } catch { /* The feed says that nobody answers. */ }
}

show();
