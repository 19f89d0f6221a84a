"use strict";
const report = (() => {
  const read = (name) => JSON.parse(document.getElementById(name).textContent);
  const entries = read("entries"), index = read("index");
  const cards = [...document.querySelectorAll(".card")];
  const tip = document.getElementById("tip"), said = document.getElementById("said");
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const number = (value) => (value === null ? "not known" : Number(value.toPrecision(3)).toString());
  let share = 0, held = null;

  const stepsOf = (at) => index.images[index.page * index.page_size + at][3];
  const shown = (entry) => entry.points.filter((_, at) => entry.steps[at] >= share);
  const fitted = (point) => point[10] === "corner" || point[10] === "blob";
  const dots = (points) => points.map((p) => `M${p[1]} ${p[2]}h0`).join("");

  function drawPoints(card, entry) {
    const points = shown(entry);
    for (const path of card.querySelectorAll("[data-dots]")) {
      const [shape, what] = path.dataset.dots.split(" ");
      const mine = points.filter((p) => (shape === "round") === fitted(p));
      path.setAttribute("d", dots(what === "open" ? mine.filter((p) => p[11] === 0) : mine));
    }
    const count = card.querySelector("[data-count]");
    if (count) count.textContent = points.length;
  }

  function lines(point, entry) {
    const [rank, x, y, score, coarse, fine, long, short, turned, part, kind, proved] = point;
    const rows = [["place", `${number(x)}, ${number(y)} px`], ["sits on", kind], ["score", number(score)], ["coarse", number(coarse)], ["fine", number(fine)]];
    if (long === null) rows.push(["ellipse", "none: not refined"]);
    else rows.push(["95 % ellipse", `${number(long)} × ${number(short)} px, ${Math.round(turned)}°`]);
    if (proved !== null) rows.push(["proved", proved ? "yes" : "no"]);
    if (part >= 0) rows.push(["part", partNames[part] ?? `part ${part}`]);
    return { title: `Keypoint ${rank} of ${entry.points.length}`, rows };
  }
  const partNames = read("part-names");

  function hold(card, entry, point) {
    release();
    held = { card, point };
    for (const panel of card.querySelectorAll(".panel svg[data-frame]")) {
      const [, x, y, , , , long, short, turned] = point;
      const radius = 7 * entry.width / Math.max(1, panel.clientWidth);
      for (const kind of ["ring dark", "ring"]) {
        panel.append(svg("circle", { class: kind, cx: x, cy: y, r: radius }));
        if (long !== null)
          panel.append(svg("ellipse", { class: kind, cx: x, cy: y, rx: long / 2, ry: short / 2, transform: `rotate(${turned} ${x} ${y})` }));
      }
    }
  }
  function release() {
    if (held) for (const ring of held.card.querySelectorAll(".ring")) ring.remove();
    held = null;
  }
  function tell(point, entry, left, top) {
    const { title, rows } = lines(point, entry);
    const table = document.createElement("table");
    for (const row of rows) {
      const line = table.insertRow();
      for (const word of row) line.insertCell().textContent = word;
    }
    const heading = document.createElement("b");
    heading.textContent = title;
    tip.replaceChildren(heading, table);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(left + 16, innerWidth - box.width - 8))}px`;
    tip.style.top = `${top + 20 + box.height > innerHeight ? Math.max(8, top - box.height - 14) : top + 20}px`;
    said.textContent = `${title}. ${rows.map((row) => row.join(" ")).join(", ")}`;
  }
  const quiet = () => { release(); tip.hidden = true; };
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

  cards.forEach((card, at) => {
    const entry = entries[at];
    entry.steps = stepsOf(at);
    const area = card.querySelector(".panel.points svg");
    if (!area) return;
    const place = (point) => {
      const at = new DOMPoint(point[1], point[2]).matrixTransform(area.getScreenCTM());
      return [at.x, at.y];
    };
    const nearest = (event) => {
      let best = null, least = 24;
      for (const point of shown(entry)) {
        const [x, y] = place(point), apart = Math.hypot(x - event.clientX, y - event.clientY);
        if (apart < least) [best, least] = [point, apart];
      }
      return best;
    };
    const point = (event) => {
      const found = nearest(event);
      if (!found) return quiet();
      if (held?.point !== found) hold(card, entry, found);
      tell(found, entry, event.clientX, event.clientY);
    };
    area.addEventListener("pointermove", point);
    area.addEventListener("pointerdown", point);
    area.addEventListener("pointerleave", quiet);
    area.addEventListener("blur", quiet);
    area.addEventListener("keydown", (event) => {
      const points = shown(entry), step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") return quiet();
      if (!points.length || (!step && event.key !== "Home" && event.key !== "End")) return;
      event.preventDefault();
      const now = points.indexOf(held?.point);
      const next = event.key === "Home" ? 0 : event.key === "End" ? points.length - 1 : now < 0 ? 0 : (now + step + points.length) % points.length;
      hold(card, entry, points[next]);
      tell(points[next], entry, ...place(points[next]));
    });
  });

  const show = (least) => {
    share = least;
    cards.forEach((card, at) => drawPoints(card, entries[at]));
  };
  show(0);
  return { cards, index, quiet, show };
})();
