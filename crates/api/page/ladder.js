// The ladder as a drawing, from the data of /api/calls/{id}/ladder.

import { el, glyph, offset, svg } from "./dom.js";

const ROW = 30;
const TOP = 76;
const LEFT = 78;

export function drawLadder(ladder, pick) {
  const parties = ladder.parties.length;
  const gap = Math.max(140, Math.min(250, (740 - LEFT - 152) / Math.max(1, parties - 1)));
  const margin = 76;
  const x = (party) => LEFT + margin + gap * Math.min(party, parties - 1);
  const width = Math.max(700, LEFT + margin * 2 + gap * (parties - 1));
  const height = TOP + ladder.rungs.length * ROW + 24;
  const drawing = svg("svg", { class: "ladder", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Ladder with ${ladder.rungs.length} steps; the timeline beside it tells the same in words` });

  ladder.parties.forEach((party, index) => {
    drawing.append(
      svg("line", { class: "life", x1: x(index), x2: x(index), y1: TOP - 14, y2: height - 8 }),
      svg("rect", { class: "box", x: x(index) - 70, y: 8, width: 140, height: 50, rx: 9 }),
      svg("text", { class: "head", x: x(index), y: 29, "text-anchor": "middle" }, shorten(party.name, 128, 8.8)),
      svg("text", { class: "sub", x: x(index), y: 47, "text-anchor": "middle" }, shorten(party.address || party.role, 128, 6.7)),
      svg("title", {}, `${party.role}: ${party.name} ${party.address}`),
    );
  });

  ladder.rungs.forEach((rung, index) => {
    const y = TOP + index * ROW + ROW / 2;
    const group = svg("g", { class: "rung", "data-event": rung.event || undefined });
    group.append(svg("rect", { class: "hit", x: 0, y: y - ROW / 2, width, height: ROW }));
    if (rung.event) group.addEventListener("click", () => pick(rung.event));
    if (rung.kind === "pause") {
      ladder.parties.forEach((_, party) => group.append(
        svg("line", { class: "halo", x1: x(party), x2: x(party), y1: y - ROW / 2, y2: y + ROW / 2, stroke: "var(--card)", "stroke-width": 4 }),
        svg("line", { class: "life quiet", x1: x(party), x2: x(party), y1: y - ROW / 2, y2: y + ROW / 2 }),
      ));
      group.append(svg("text", { class: "pause", x: x(0) + 12, y: y + 4 }, `⋯ ${rung.label} ⋯`));
    } else {
      group.append(svg("text", { class: "time", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, offset(rung.offset_us)));
      if (rung.kind === "hole") hole(group, rung, x, y, parties);
      else if (rung.kind === "note" || rung.from === rung.to) note(group, rung, x(rung.from), y, width);
      else arrow(group, rung, x(rung.from), x(rung.to), y);
    }
    drawing.append(group);
  });
  // A short ladder is not blown up, and on a narrow screen it scrolls.
  drawing.style.maxWidth = `${width}px`;
  drawing.style.minWidth = `${Math.min(width, 520)}px`;
  const footer = [];
  if (!ladder.from_wire) footer.push(el("p", { class: "muted empty" }, "Drawn from facts: there is no wire capture of this call."));
  if (ladder.left_out) footer.push(el("p", { class: "warn empty" }, `${ladder.left_out} more steps are not drawn.`));
  return el("div", { class: "scroll" }, drawing, ...footer);
}

function arrow(group, rung, from, to, y) {
  const media = rung.kind === "media";
  const way = Math.sign(to - from);
  const end = to - way * 2;
  const label = rung.repeats ? `${rung.label} ×${rung.repeats + 1}` : rung.label;
  const shown = shorten(label, Math.abs(to - from) - 48, 6.7);
  const half = shown.length * 3.45 + 7;
  const middle = (from + to) / 2;
  group.append(
    svg("line", { class: `arrow s-${rung.mark}`, x1: from + way * 2, x2: end - way * 5, y1: y, y2: y, "stroke-dasharray": media ? "3 4" : undefined }),
    svg("path", { class: `f-${rung.mark}`, d: `M${end} ${y} l${-way * 9} -4.6 v9.2 z` }),
    svg("rect", { class: "halo", x: middle - half, y: y - 9, width: half * 2, height: 18, rx: 4 }),
    svg("text", { class: `f-${rung.mark}`, x: middle, y: y + 4.3, "text-anchor": "middle" }, shown),
    svg("title", {}, label),
  );
}

function note(group, rung, at, y, width) {
  const shown = shorten(rung.label, width - at - 24, 6.5);
  group.append(
    svg("rect", { class: "halo", x: at - 9, y: y - 10, width: shown.length * 6.6 + 32, height: 20, rx: 5 }),
    svg("text", { class: `f-${rung.mark}`, x: at, y: y + 4.5, "text-anchor": "middle" }, glyph(rung.mark)),
    svg("text", { class: rung.mark === "bad" ? "f-bad" : "f-decision", x: at + 14, y: y + 4.3 }, shown),
    svg("title", {}, rung.label),
  );
}

function hole(group, rung, x, y, parties) {
  group.append(
    svg("line", { class: "arrow s-bad", x1: x(0), x2: x(parties - 1), y1: y, y2: y, "stroke-dasharray": "2 6" }),
    svg("rect", { class: "halo", x: x(0) + 8, y: y - 10, width: rung.label.length * 7 + 28, height: 20 }),
    svg("text", { class: "f-bad", x: x(0) + 14, y: y + 4.3 }, `✖ ${rung.label}`),
  );
}

function shorten(text, room, each) {
  const most = Math.max(3, Math.floor(room / each));
  const letters = [...text];
  if (letters.length <= most) return text;
  const without = text.replace(/ \([^)]*\)/, "");
  return without.length <= most ? without : `${letters.slice(0, most - 1).join("")}…`;
}
