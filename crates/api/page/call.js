// One call: the verdict on top, the ladder and the timeline side by side, the legs below.

import { chip, clock, el, get, glyph, link, number, offset, outcomeChip, span, trunkPath, when } from "./dom.js";
import { drawLadder } from "./ladder.js";

const LEVELS = ["story", "decisions", "protocol"];
const BY = { Caller: "the caller", Agent: "the agent", Target: "the target", Control: "control", Edge: "the edge", Operator: "an operator" };

export async function callPage({ page, signal, events }, id) {
  const verdict = el("section", { class: "card verdict", "aria-label": "Verdict" });
  const drawn = el("div");
  const told = el("div");
  const legs = el("section", { class: "card", "aria-label": "Legs" });
  const shows = el("section", { class: "card", "aria-label": "What this call shows of its trunks" });
  const levels = el("span", { class: "group", role: "group", "aria-label": "Detail" });
  page.append(verdict, el("div", { class: "split" },
    el("section", { class: "card", "aria-label": "Ladder" }, el("header", {}, el("h2", {}, "Ladder"),
      el("span", { class: "right" }, el("a", { class: "button", href: `/api/calls/${id}/ladder` }, "As text"))), drawn),
    el("section", { class: "card", "aria-label": "Timeline" }, el("header", {}, el("h2", {}, "Timeline"), el("span", { class: "right" }, levels)), told)),
  legs, shows);
  let level = new URLSearchParams(location.search).get("level") || "story";
  if (!LEVELS.includes(level)) level = "story";
  let timeline = null;

  function pick(event) {
    for (const old of page.querySelectorAll(".picked")) old.classList.remove("picked");
    for (const one of page.querySelectorAll(`[data-event="${CSS.escape(event)}"]`)) one.classList.add("picked");
    const found = told.querySelector(`[data-event="${CSS.escape(event)}"]`);
    if (found) found.scrollIntoView({ block: "nearest" });
    else if (level !== "protocol") { setLevel("protocol"); pick(event); }
  }

  function setLevel(next) {
    level = next;
    levels.replaceChildren(...LEVELS.map((one) => el("button", { type: "button", "aria-pressed": String(one === level), onclick: () => setLevel(one) }, one)));
    if (timeline) told.replaceChildren(drawTimeline(timeline, level, pick));
  }

  async function load() {
    const path = `/api/calls/${encodeURIComponent(id)}`;
    const [call, ladder, fresh] = await Promise.all([
      get(path, signal), get(`${path}/ladder?format=json`, signal), get(`${path}/timeline`, signal)]);
    timeline = fresh;
    verdict.className = `card verdict v-${call.diagnosis.mark}`;
    verdict.replaceChildren(...drawVerdict(call, path, pick, load));
    drawn.replaceChildren(drawLadder(ladder, pick));
    setLevel(level);
    legs.replaceChildren(el("header", {}, el("h2", {}, "Legs")), el("div", { class: "scroll" }, drawLegs(call.row)), drawQuality(call.quality));
    shows.hidden = call.findings.length === 0;
    shows.replaceChildren(el("header", {}, el("h2", {}, "What this call shows of its trunks")), el("div", { class: "scroll" }, drawFindings(call.findings)));
  }
  events.addEventListener("change", (event) => {
    if (event.detail.calls.some((call) => call.call === id)) load().catch(() => {});
  }, { signal });
  await load();
}

function drawVerdict(call, path, pick, again) {
  const { row, diagnosis } = call;
  const state = row.outcome === "up" ? { outcome: "up", state: row.answered ? "talking" : "ringing", mark: "info" } : { outcome: row.outcome, mark: diagnosis.mark };
  const agent = row.routed ? row.routed.agent : row.built_in ? row.built_in[0] : null;
  const facts = [
    ["From", el("span", {}, number(row.caller && row.caller.number), row.caller && row.caller.display_name && el("span", { class: "two" }, el("bdi", {}, row.caller.display_name)))],
    ["To", number(row.called, "–")],
    row.first_called ? ["First called", el("span", {}, number(row.first_called.number), el("span", { class: "two" }, el("bdi", {}, [row.first_called.field, row.first_called.reason].filter(Boolean).join(", "))))] : null,
    ["Trunk", row.trunk ? el("span", { title: row.trunk_because }, link(trunkPath(row.trunk), row.trunk)) : "–"],
    ["Agent", agent || "–"],
    ["Began", when(row.began)],
    ["Rang", span(row.ring_ms)],
    ["Talked", span(row.talk_ms)],
    ["Ended by", row.end ? BY[row.end.by] || row.end.by : "–"],
    row.digits ? ["Digits", String(row.digits)] : null,
    ...row.context.map((header) => [header.name, el("bdi", {}, header.value)]),
    row.session ? ["Session-ID", el("bdi", {}, row.session.local)] : null,
    ...row.recordings.map((one) => [`Recording, ${one.state}`, el("bdi", { title: one.sha256 ? `SHA-256 ${one.sha256}` : one.cause }, one.file || one.cause)]),
    ...row.handed_back.map((header) => [`${header.name}, handed back`, el("bdi", {}, header.value)]),
  ].filter(Boolean);
  const actions = el("div", { class: "actions" },
    el("a", { class: "button", href: `${path}/events?wire=1`, download: `${row.call}.json` }, "Events"),
    row.outcome === "up" && row.answered && recordingButton(path, again, row),
    row.outcome === "up" && ask(path, again, "hang-up", "Hang up", "Hang this call up?"));
  return [
    el("div", { class: "top" }, el("div", { class: "stack" }, el("div", { class: "chips" }, outcomeChip(state),
      row.transfers.map((one) => chip(one.state === "failed" ? "bad" : "transfer", `transfer ${one.state}`))),
    el("h1", {}, diagnosis.verdict)), actions),
    diagnosis.incomplete.length ? el("p", { class: "holes" }, `✖ The history is incomplete: ${diagnosis.incomplete.join("; ")}. What it does not hold is not known.`) : null,
    diagnosis.causes.length ? el("ul", { class: "causes" }, diagnosis.causes.map((cause) => el("li", {},
      el("strong", {}, cause.title), ": ", cause.text, ". ", el("span", { class: "fix" }, cause.fix), " ",
      cause.events.map((event, index) => [el("button", { type: "button", title: event, onclick: () => pick(event) }, `evidence ${index + 1}`), " "])))) : null,
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("p", { class: "muted mono" }, `call ${row.call} · ${row.events} events`),
  ].filter(Boolean);
}

// What may be asked of a recording as it stands, and the word for it.
const RECORDING = { none: ["start-recording", "Record"], running: ["pause-recording", "Pause recording"], paused: ["resume-recording", "Resume recording"] };

function ask(path, again, request, word, question) {
  const button = el("button", { class: question ? "danger" : "", type: "button" }, word);
  button.addEventListener("click", async () => {
    if (question && !confirm(question)) return;
    button.disabled = true;
    const body = JSON.stringify({ request, by: "page" });
    const response = await fetch(`${path}/requests`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!response.ok) alert((await response.json()).detail);
    again().catch(() => {});
  });
  return button;
}

function recordingButton(path, again, row) {
  const open = row.recordings.find((one) => one.state === "running" || one.state === "paused");
  return ask(path, again, ...RECORDING[open ? open.state : "none"]);
}

function drawTimeline(timeline, level, pick) {
  const most = LEVELS.indexOf(level);
  const moments = timeline.moments.filter((moment) => LEVELS.indexOf(moment.level) <= most);
  const list = el("ol", { class: "timeline" }, moments.map((moment) => {
    const details = el("dl", { class: "evidence" });
    const summary = el("summary", { class: moment.level === "story" ? (moment.mark === "bad" ? "words bad" : "words") : "words quiet" }, moment.text);
    const more = el("details", { ontoggle: () => { if (more.open && !details.firstChild) details.append(...evidence(moment, pick)); } }, summary, details);
    return el("li", { "data-event": moment.event },
      el("span", { class: "t", title: clock(moment.at) }, offset(moment.offset_us)),
      el("span", { class: `g ${moment.mark}`, "aria-hidden": "true" }, glyph(moment.mark)), more);
  }));
  return timeline.left_out ? el("div", {}, list, el("p", { class: "warn empty" }, `${timeline.left_out} more moments are not shown.`)) : list;
}

function evidence(moment, pick) {
  const pair = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
  return [
    ...moment.details.flatMap(([name, value]) => pair(name, el("bdi", {}, value))),
    ...pair("event", el("span", { class: "mono" }, `${moment.kind || "hole"} · ${moment.lane} ${moment.sequence} · ${moment.event}`)),
    ...(moment.because ? pair("because", el("button", { type: "button", class: "mono", onclick: () => pick(moment.because) }, moment.because)) : []),
    ...pair("written", new Date(moment.at / 1000).toISOString()),
  ];
}

const LEG = { wanted: ["mute", "wanted"], began: ["info", "began"], ringing: ["mute", "ringing"], answered: ["info", "up"], held: ["warn", "on hold"], failed: ["bad", "failed"], ended: ["mute", "ended"] };

function drawLegs(row) {
  const heads = ["Leg", "Who", "State", "Address", "Codec", ["Setup", "right"], ["Talk", "right"], ["Received", "right"], ["Sent", "right"], ["Lost", "right"], ["Jitter", "right"], "First packet"];
  const cell = (value, name) => el("td", { class: name }, value);
  return el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => {
    const [words, name] = Array.isArray(head) ? head : [head, ""];
    return el("th", { scope: "col", class: name }, words);
  }))), el("tbody", {}, row.legs.map((leg) => {
    const measure = leg.measure;
    const [mark, word] = LEG[leg.state] || ["mute", leg.state];
    const packets = (stream) => measure ? el("span", { class: stream.packets ? "" : "bad" }, stream.packets ? "" : "✖ ", stream.packets) : "–";
    return el("tr", {},
      cell(String(leg.id)),
      cell(el("span", {}, leg.role.replace("_", " "), el("span", { class: "two" }, el("bdi", {}, leg.party)))),
      cell(el("span", {}, chip(mark, word), el("span", { class: "two" }, el("bdi", {}, leg.cause || "")))),
      cell(el("span", {}, el("span", { class: "mono", title: leg.sip_call_id }, leg.address || "–"), el("span", { class: "two" }, leg.trunk && link(trunkPath(leg.trunk), leg.trunk)))),
      cell(leg.codec ? el("span", {}, leg.codec.name, el("span", { class: "two" }, leg.codec.telephone_event ? "with telephone events" : "no telephone events")) : "–"),
      cell(span(leg.setup_ms), "right num"), cell(span(leg.talk_ms), "right num"),
      cell(packets(measure && measure.received), "right num"), cell(packets(measure && measure.sent), "right num"),
      cell(measure ? String(measure.received.lost) : "–", "right num"),
      cell(measure ? `${(measure.received.jitter_max_us / 1000).toFixed(1)} ms` : "–", "right num"),
      cell(leg.media_after_ms === null ? "–" : leg.media_after_ms < 0 ? "before the answer" : `${leg.media_after_ms} ms after the answer`));
  })));
}

function drawQuality(quality) {
  if (!quality.length) return "";
  return el("ul", { class: "heard", "aria-label": "Audio" }, quality.flatMap(({ words }) => words).map((line) => el("li", {}, el("bdi", {}, line))));
}

export const VERDICT = { PASS: "ok", FAIL: "bad", INCONCLUSIVE: "warn", "NOT RUN": "mute" };

function drawFindings(findings) {
  return el("table", {}, el("tbody", {}, findings.map(({ trunk, finding }) => el("tr", {},
    el("td", {}, link(trunkPath(trunk), trunk)),
    el("td", { class: "check" }, finding.check.replaceAll("_", " ")),
    el("td", {}, chip(VERDICT[finding.verdict], finding.verdict)),
    el("td", {}, finding.why)))));
}
