// Trunks: all of them as cards, and one as its verification report.

import { VERDICT } from "./call.js";
import { callPath, chip, el, empty, get, glyph, link, trunkPath as path, when } from "./dom.js";

export async function trunksPage({ page, signal, events }) {
  const cards = el("section", { class: "cards", "aria-label": "Trunks" });
  const list = el("section", { class: "card", "aria-label": "Notices" });
  page.append(el("h1", {}, "Trunks"), cards, list);
  async function load() {
    const [{ trunks }, told] = await Promise.all([get("/api/trunks", signal), get("/api/notices", signal)]);
    cards.replaceChildren(...trunks.map(card));
    if (!trunks.length) cards.replaceChildren(empty("No trunk yet.", "A trunk shows up here when it is configured or when a call comes through it."));
    const newest = [...told.notices.newest].reverse();
    list.replaceChildren(el("header", {}, el("h2", {}, "Outside of calls")),
      newest.length || told.dead.length ? el("ul", { class: "notices" },
        told.dead.map((dead) => notice("bad", null, `${dead.subject}, event ${dead.sequence}: ${dead.error}`)),
        newest.map((one) => notice(one.mark, one.at, one.text, one.details))) : empty("Nothing happened outside of calls."));
  }
  let timer = null;
  events.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(() => load().catch(() => {}), 400); }, { signal });
  await load();
}

function notice(mark, at, text, details = []) {
  const more = details.length ? el("details", {}, el("summary", {}, el("bdi", {}, text)), el("dl", { class: "evidence" }, details.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))) : el("bdi", {}, text);
  return el("li", {}, when(at), el("span", { class: `g ${mark}`, "aria-hidden": "true" }, glyph(mark)), more);
}

function card(trunk) {
  const counts = trunk.verification;
  const ended = Object.values(trunk.ended).reduce((sum, count) => sum + count, 0);
  return el("a", { class: "card trunk", href: path(trunk.name) },
    el("h3", {}, trunk.name),
    el("div", { class: "chips" }, Object.keys(VERDICT).filter((verdict) => counts[verdict]).map((verdict) => chip(VERDICT[verdict], `${counts[verdict]} ${verdict}`))),
    el("div", { class: "chips" }, reachChip(trunk)),
    el("span", { class: "muted" }, `${trunk.up} up · ${ended} ended`, trunk.day && [` · ${trunk.day.began} on `, el("time", {}, trunk.day.date)], trunk.configured ? "" : " · not in the configuration in force"),
    el("span", { class: "muted" }, "last evidence ", when(trunk.last_evidence)));
}

const REACH = { up: ["ok", "up"], partly: ["warn", "partly up"], down: ["bad", "down"], cannot_tell: ["mute", "cannot tell"] };

function reachChip(trunk) {
  const [mark, word] = REACH[trunk.reachability] || REACH.cannot_tell;
  return chip(mark, trunk.latency_us ? `${word}, answers in ${latency(trunk.latency_us)}` : word);
}

function latency(us) {
  return `${(us / 1000).toFixed(1)} ms`;
}

function targets(trunk) {
  const { reach, registrations, tls_files, tls_refused, connections_refused, limit_reached } = trunk.health;
  const notices = [
    ...registrations.map((one) => notice(one.stands ? "ok" : "bad", one.since, `${one.by === "edge" ? "We are" : "It is"} ${one.stands ? "registered" : "not registered"}${one.place ? ` (${one.place})` : ""}: ${one.why}`)),
    ...tls_files.map((one) => notice(one.mark, one.at, one.what, one.details)),
    tls_refused && notice("bad", tls_refused.at, tls_refused.what, tls_refused.details),
    limit_reached && notice("warn", limit_reached.at, `Refused: ${limit_reached.told.why} (calls: ${limit_reached.told.calls})`),
    connections_refused && notice("warn", connections_refused.at, `Closed at once: ${connections_refused.told.cause} (connections: ${connections_refused.told.connections})`),
  ].filter(Boolean);
  const table = reach.length ? el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Edge", "Target", "State", "Since", "Why", "Answered", "Latency"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, reach.map((one) => el("tr", {},
      el("td", {}, one.node), el("td", { class: "num" }, one.target, one.transport ? ` ${one.transport.toUpperCase()}` : ""),
      el("td", {}, chip(one.up ? "ok" : "bad", one.up ? "up" : "down")), el("td", {}, when(one.since)), el("td", {}, el("bdi", {}, one.why)),
      el("td", { class: "num" }, one.answers ? `${one.answers.answers} of ${one.answers.probes}` : "–"),
      el("td", { class: "num" }, one.answers && one.answers.latency ? `${latency(one.answers.latency.median_us)} (${latency(one.answers.latency.min_us)} to ${latency(one.answers.latency.max_us)})` : "–"))))))
    : empty("Whether it answers is not known.", "With probe_s in its configuration the edge asks it by OPTIONS.");
  return [el("header", {}, el("h2", {}, "Reachability")), table, notices.length ? el("ul", { class: "notices" }, notices) : null].filter(Boolean);
}

export async function trunkPage({ page, signal, events }, name) {
  const head = el("section", { class: "card verdict" });
  const reach = el("section", { class: "card", "aria-label": "Reachability" });
  const rows = el("section", { class: "card", "aria-label": "Verification" });
  page.append(head, reach, rows);
  async function load() {
    const at = `/api/trunks/${encodeURIComponent(name)}`;
    const [trunk, report] = await Promise.all([get(at, signal), get(`${at}/verification`, signal)]);
    reach.replaceChildren(...targets(trunk));
    const count = (verdict) => report.rows.filter((row) => row.verdict === verdict).length;
    head.className = `card verdict v-${count("FAIL") ? "bad" : count("INCONCLUSIVE") ? "warn" : count("NOT RUN") ? "info" : "ok"}`;
    head.replaceChildren(
      el("div", { class: "top" }, el("div", {}, el("h1", {}, report.trunk), el("p", { class: "muted" }, "What calls have shown of this trunk. What was not tried is not known.")),
        el("div", { class: "actions" }, el("a", { class: "button", href: `/?q=${encodeURIComponent(`trunk:${name}`)}` }, "Its calls"))),
      el("div", { class: "chips" }, reachChip(trunk), Object.keys(VERDICT).filter(count).map((verdict) => chip(VERDICT[verdict], `${count(verdict)} ${verdict}`))));
    rows.replaceChildren(el("header", {}, el("h2", {}, "Verification")), el("div", { class: "scroll" }, el("table", { class: "checks" },
      el("thead", {}, el("tr", {}, ["Check", "Result", "Why", "Evidence", "When"].map((head) => el("th", { scope: "col" }, head)), ["Pass", "Fail", "Open"].map((head) => el("th", { scope: "col", class: "right" }, head)))),
      el("tbody", {}, report.rows.map(line)))));
  }
  let timer = null;
  events.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(() => load().catch(() => {}), 400); }, { signal });
  await load();
}

function line(row) {
  const finding = row.finding;
  const failure = row.last_failure && row.verdict !== "FAIL"
    ? el("span", { class: "two" }, "last failure: ", link(callPath(row.last_failure.call), row.last_failure.why)) : null;
  return el("tr", {},
    el("td", { class: "check" }, row.title),
    el("td", {}, chip(VERDICT[row.verdict], row.verdict)),
    el("td", {}, el("span", { class: finding ? "" : "muted" }, row.why), failure),
    el("td", {}, finding ? el("span", {}, link(callPath(finding.call), "call"), el("span", { class: "two", title: finding.events.join("\n") }, `${finding.events.length} event${finding.events.length === 1 ? "" : "s"}`)) : "–"),
    el("td", {}, when(finding && finding.at)),
    [row.passed, row.failed, row.inconclusive].map((count) => el("td", { class: "right num" }, count || el("span", { class: "muted" }, "0"))));
}
