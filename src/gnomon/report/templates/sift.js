// Sorts and filters the images of the whole run: those of this page as they are, the others as
// lines that lead to their page. What was chosen stands in the address, so that it goes along.
(() => {
  const tools = document.querySelector(".tools");
  if (!tools) return;
  const { cards, index } = report;
  const { images, labels, low, high, pages, page, page_size: size } = index;
  const AT_ONCE = 300, first = page * size;
  const list = document.getElementById("cards"), more = document.getElementById("more");
  const field = (name) => tools.elements[name];
  const start = Object.fromEntries(new FormData(tools));
  let share = 0, most = AT_ONCE, waiting = 0, writing = 0;

  const path = (at) => index.folder + images[at][0];
  const name = (at) => images[at][0].split(/[/\\]/).pop();
  const label = (at) => labels[images[at][1]];
  const probability = (at) => images[at][2];
  const best = (at) => images[at][3].reduce((a, b) => Math.max(a, b), -1);
  const count = (at) => images[at][3].reduce((n, step) => n + (step >= share), 0);
  const orders = {
    run: () => 0,
    name: (a, b) => name(a).localeCompare(name(b)),
    class: (a, b) => images[a][1] - images[b][1],
    surest: (a, b) => probability(b) - probability(a),
    unsure: (a, b) => probability(a) - probability(b),
    most: (a, b) => count(b) - count(a),
    fewest: (a, b) => count(a) - count(b),
    score: (a, b) => best(b) - best(a),
  };

  const chosen = () => Object.entries(Object.fromEntries(new FormData(tools))).filter(([key, value]) => value !== start[key]);
  const address = (at, more = []) => [pages[at], new URLSearchParams([...chosen(), ...more])].join("#").replace(/#$/, "");

  function line(at) {
    const there = Math.floor(at / size), made = document.createElement("a");
    made.className = "elsewhere";
    made.href = address(there, [["image", at]]);
    for (const words of [label(at), `${(100 * probability(at)).toFixed(1)} %`, `${count(at)} keypoints`, name(at), `page ${there + 1}`]) {
      const part = document.createElement("span");
      part.textContent = words;
      made.append(part, " ");
    }
    return made;
  }

  function sift() {
    report.quiet();
    share = Number(field("score").value);
    const lowest = share === 0 ? "any" : (low + (high - low) * share / 100).toPrecision(3);
    field("score").setAttribute("aria-valuetext", lowest);
    document.getElementById("score-now").textContent = lowest;
    report.show(share);
    const words = field("words").value.trim().toLowerCase(), wanted = labels.indexOf(field("class").value), least = Number(field("least").value) || 0;
    const whole = chosen().length > 0;
    const hits = (whole ? images : cards).map((_, at) => (whole ? at : first + at)).filter((at) =>
      (wanted < 0 || images[at][1] === wanted) && (!words || `${path(at)} ${label(at)}`.toLowerCase().includes(words)) && count(at) >= least);
    hits.sort(orders[field("order").value]);
    const shown = hits.slice(0, Math.max(most, whole ? 0 : cards.length));
    for (const old of list.querySelectorAll(".elsewhere")) old.remove();
    const here = new Set(shown);
    cards.forEach((card, at) => { card.hidden = !here.has(first + at); });
    list.append(...shown.map((at) => cards[at - first] ?? line(at)), ...cards.filter((card) => card.hidden));
    more.hidden = shown.length === hits.length;
    tools.querySelector("output").textContent = whole || pages.length === 1 ? `${hits.length} of ${images.length} images` : `images ${first + 1} to ${first + cards.length} of ${images.length}`;
    for (const link of document.querySelectorAll("nav.pages a")) link.href = address(Number(link.textContent) - 1);
    clearTimeout(writing);
    writing = setTimeout(remember, 250);
  }
  function remember() {
    const now = `#${new URLSearchParams(chosen())}`;
    if (now.slice(1) !== location.hash.slice(1)) history.replaceState(null, "", now);
  }
  function recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(start)) field(key).value = said.get(key) ?? start[key];
    sift();
    const card = cards[said.get("image") === null ? -1 : Number(said.get("image")) - first];
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "center" });
  }
  tools.addEventListener("input", () => { most = AT_ONCE; cancelAnimationFrame(waiting); waiting = requestAnimationFrame(sift); });
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("reset", () => setTimeout(sift));
  more.addEventListener("click", () => { most += AT_ONCE; sift(); });
  addEventListener("hashchange", recall);
  recall();
})();
