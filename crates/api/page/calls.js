// The first page: what is up now, and the calls of the past with a search.

import { callPath, chip, el, empty, get, number, outcomeChip, span, trunkPath, when } from "./dom.js";

const SOON_MS = 250;

export async function callsPage({ page, signal, go, events }) {
  const query = new URLSearchParams(location.search).get("q") || "";
  const tiles = el("section", { class: "tiles", "aria-label": "Now" });
  const input = el("input", {
    type: "search", value: query, "aria-label": "Search calls", autocomplete: "off", spellcheck: "false",
    placeholder: "number, trunk:office, outcome:failed, talk>10s, id:crm-7781, header:X-Ticket=42 …",
  });
  const form = el("form", {
    class: "search", role: "search",
    onsubmit: (event) => { event.preventDefault(); go(input.value ? `/?q=${encodeURIComponent(input.value)}` : "/"); },
  }, input, el("button", { type: "submit" }, "Search"));
  const body = el("tbody");
  const more = el("div", { class: "empty", hidden: true });
  const list = el("div", { class: "scroll" }, table(body));
  const note = el("p", { class: "error", role: "alert", hidden: true });
  page.append(tiles, el("section", { class: "card", "aria-label": "Calls" },
    el("header", {}, el("h2", {}, query ? "Calls found" : "Calls"), form), note, list, more));

  const shown = new Map();
  let timer = null;
  let limit = 50;

  async function load(cursor) {
    try {
      const search = new URLSearchParams({ q: query, limit: String(limit) });
      if (cursor) search.set("cursor", cursor);
      const answer = await get(`/api/calls?${search}`, signal);
      if (!cursor) { body.replaceChildren(); shown.clear(); }
      for (const call of answer.calls) {
        const row = line(call, go);
        shown.set(call.call, row);
        body.append(row);
      }
      list.hidden = shown.size === 0;
      more.hidden = !answer.next && shown.size > 0;
      if (shown.size === 0 && !answer.next) more.replaceChildren(...nothing(query));
      else if (answer.next) more.replaceChildren(el("button", { onclick: () => load(answer.next) }, `Older calls (${answer.scanned} looked at)`));
    } catch (error) {
      if (error.name === "AbortError") return;
      note.hidden = false;
      note.textContent = error.message;
      list.hidden = true;
    }
  }

  async function counts() {
    const [live, trunks] = await Promise.all([get("/api/live", signal), get("/api/trunks", signal)]);
    const ended = {};
    for (const trunk of trunks.trunks) {
      for (const [outcome, count] of Object.entries(trunk.ended)) ended[outcome] = (ended[outcome] || 0) + count;
    }
    const good = (ended.completed || 0) + (ended.transferred || 0);
    const bad = (ended.refused || 0) + (ended.failed || 0);
    tiles.replaceChildren(
      tile(live.count, "calls up", live.count ? "info" : ""),
      tile(good, "ended well", ""),
      tile(ended.abandoned || 0, "abandoned", ended.abandoned ? "warn" : ""),
      tile(bad, "refused or failed", bad ? "bad" : ""),
      tile(trunks.trunks.length, trunks.trunks.length === 1 ? "trunk" : "trunks", ""),
    );
  }

  function changed(event) {
    for (const call of event.detail.calls || []) {
      const known = shown.get(call.call);
      if (known) {
        const row = line(call, go);
        row.classList.add("fresh");
        known.replaceWith(row);
        shown.set(call.call, row);
      } else if (!query) {
        const row = line(call, go);
        row.classList.add("fresh");
        const behind = [...body.children].find((other) => other.dataset.call < call.call);
        body.insertBefore(row, behind || null);
        shown.set(call.call, row);
        list.hidden = false;
        if (shown.size === 1) more.hidden = true;
      }
    }
    clearTimeout(timer);
    timer = setTimeout(() => counts().catch(() => {}), SOON_MS);
  }
  events.addEventListener("change", changed, { signal });
  events.addEventListener("snapshot", () => { load().catch(() => {}); counts().catch(() => {}); }, { signal });
  await Promise.all([load(), counts()]);
}

function tile(value, words, mark) {
  return el("div", { class: "card tile" }, el("b", { class: mark }, value), el("span", {}, words));
}

function table(body) {
  const heads = ["Began", "Outcome", "From", "To", "Trunk", "Agent", ["Ring", "right"], ["Talk", "right"], "What stands out"];
  return el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => {
    const [words, name] = Array.isArray(head) ? head : [head, ""];
    return el("th", { scope: "col", class: name }, words);
  }))), body);
}

function line(call, go) {
  const path = callPath(call.call);
  const stands = call.incomplete.length
    ? chip("bad", call.incomplete[0])
    : call.finding ? el("span", {}, call.finding) : el("span", { class: "muted" }, call.cause || "");
  const transfer = call.transfer && chip(call.transfer === "failed" ? "bad" : "transfer", `transfer ${call.transfer}`);
  return el("tr", {
    class: `link m-${call.mark}`, "data-call": call.call,
    onclick: (event) => { if (!event.target.closest("a") && !String(getSelection())) go(path); },
  },
  el("td", {}, el("a", { class: "row", href: path }, when(call.began))),
  el("td", {}, outcomeChip(call)),
  el("td", {}, number(call.caller), call.caller_name && el("span", { class: "two" }, el("bdi", {}, call.caller_name))),
  el("td", {}, number(call.called, "–"), call.first_called && el("span", { class: "two" }, "first ", number(call.first_called))),
  el("td", {}, call.trunk ? el("a", { href: trunkPath(call.trunk) }, call.trunk) : "–"),
  el("td", {}, call.agent || "–"),
  el("td", { class: "right num" }, span(call.ring_ms)),
  el("td", { class: "right num" }, span(call.talk_ms)),
  el("td", {}, el("span", { class: "chips" }, stands, transfer)));
}

function nothing(query) {
  if (query) {
    return [el("strong", {}, "No call is like that."), el("span", {}, "Drop a word of the search, or "), el("a", { href: "/" }, "see all calls"), "."];
  }
  return [el("strong", {}, "No call yet."), el("span", {}, "Point a phone system or a softphone at this machine's SIP port. The first INVITE shows up here by itself.")];
}
