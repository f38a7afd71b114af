// Elements from data. Text becomes text nodes, always: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

function build(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : plain(child));
  }
  return node;
}

// Control, invisible and private characters are spelled out: text of a peer turns no line around.
const HOSTILE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/gu;

function plain(value) {
  return String(value).replace(HOSTILE, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

export async function get(path, signal) {
  const response = await fetch(path, { signal, headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || response.statusText);
  return body;
}

const GLYPHS = { ok: "✔", warn: "▲", bad: "✖", info: "●", mute: "○", transfer: "◆", media: "≈", decision: "◇" };

export function glyph(mark) {
  return GLYPHS[mark] || "○";
}

export function chip(mark, word) {
  return el("span", { class: `chip ${mark}` }, el("span", { "aria-hidden": "true" }, glyph(mark)), word);
}

export function span(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${ms} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 119500) return `${Math.round(ms / 1000)} s`;
  if (ms < 7200000) return `${Math.floor(ms / 60000)} min ${Math.floor(ms / 1000) % 60} s`;
  return `${Math.floor(ms / 3600000)} h ${Math.floor(ms / 60000) % 60} min`;
}

const two = (number) => String(number).padStart(2, "0");

export function clock(us) {
  const date = new Date(us / 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const today = new Date().toDateString() === date.toDateString();
  return today ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

export function when(us) {
  if (!us) return el("span", { class: "muted" }, "–");
  const iso = new Date(us / 1000).toISOString();
  return el("time", { datetime: iso, title: iso, class: "num" }, clock(us));
}

export function offset(us) {
  return `${us < 0 ? "−" : "+"}${(Math.abs(us) / 1e6).toFixed(3)}`;
}

export function link(path, ...children) {
  return el("a", { href: path }, ...children);
}

export const callPath = (id) => `/calls/${encodeURIComponent(id)}`;
export const trunkPath = (name) => `/trunks/${encodeURIComponent(name)}`;

const OUTCOME = {
  up: ["info", "up"], completed: ["ok", "completed"], transferred: ["transfer", "transferred"],
  abandoned: ["warn", "abandoned"], refused: ["bad", "refused"], failed: ["bad", "failed"],
};
const STATE = { setup: "setting up", ringing: "ringing", talking: "talking", held: "on hold", transferring: "transferring", ending: "ending" };

export function outcomeChip(call) {
  const [mark, word] = OUTCOME[call.outcome] || ["mute", call.outcome];
  if (call.outcome === "up") {
    const live = { held: "warn", transferring: "transfer", ringing: "mute" };
    return chip(live[call.state] || "info", STATE[call.state] || word);
  }
  // A call that ended well and still shows something wrong is not simply green.
  return chip(mark === "ok" && call.mark === "warn" ? "warn" : mark, word);
}

export function number(text, anonymous = "anonymous") {
  return text ? el("span", { class: "num" }, el("bdi", {}, text)) : el("span", { class: "muted" }, anonymous);
}

export function empty(title, ...words) {
  return el("div", { class: "empty" }, el("strong", {}, title), ...words);
}
