// The map: outlines, accounts coloured by rep, homes, spokes and hulls, on a canvas.
const STEPS = 20000;
const onMap = (row) => DATA.map.x[row] >= 0;
let landPath = null;
function land() {
  if (landPath) return landPath;
  landPath = new Path2D();
  for (const ring of DATA.map.rings) {
    let x = 0, y = 0;
    for (let k = 0; k < ring.length; k += 2) {
      x += ring[k];
      y += ring[k + 1];
      if (k) landPath.lineTo(x, y);
      else landPath.moveTo(x, y);
    }
    landPath.closePath();
  }
  return landPath;
}
const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const paint = (rep) => (rep < 0 ? "#98a2b3" : DATA.reps[rep].colour);

function hull(points) {
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
      kept.push(point);
    }
    kept.pop();
    return kept;
  };
  return [...half(points), ...half([...points].reverse())];
}

// A view shows the steps from (x, y), `scale` pixels to a step.
function groundwork(canvas, view) {
  const dense = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
  if (canvas.width !== Math.round(wide * dense) || canvas.height !== Math.round(high * dense)) {
    canvas.width = Math.round(wide * dense);
    canvas.height = Math.round(high * dense);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(view.scale * dense, 0, 0, view.scale * dense, -view.x * view.scale * dense, -view.y * view.scale * dense);
  pen.fillStyle = tone("--land");
  pen.fill(land());
  pen.strokeStyle = tone("--shore");
  pen.lineWidth = 0.8 / view.scale;
  pen.stroke(land());
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  return { pen, at: (x, y) => [(x - view.x) * view.scale, (y - view.y) * view.scale] };
}
function fitted(canvas, box) {
  const scale = Math.min(canvas.clientWidth / (box[2] - box[0]), canvas.clientHeight / (box[3] - box[1]));
  return {
    scale,
    x: (box[0] + box[2]) / 2 - canvas.clientWidth / scale / 2,
    y: (box[1] + box[3]) / 2 - canvas.clientHeight / scale / 2,
  };
}
function home(pen, [x, y], colour, size = 6) {
  pen.beginPath();
  pen.moveTo(x, y - size); pen.lineTo(x + size, y); pen.lineTo(x, y + size); pen.lineTo(x - size, y);
  pen.closePath();
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = 1.6;
  pen.strokeStyle = tone("--paper");
  pen.stroke();
}

function mapOf(box) {
  const whole = [0, 0, STEPS, DATA.map.height];
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-describedby": "map-said" });
  const said = el("p", { id: "map-said", class: "hint", "aria-live": "polite" });
  const legend = el("ul", { class: "legend", "aria-label": "Reps" });
  const tip = el("div", { class: "tip", hidden: true });
  const layers = { homes: true, spokes: false, hulls: false, moves: false };
  let view = null, chosen = new Set(), drag = null, waiting = false;
  canvas.style.aspectRatio = `${STEPS} / ${DATA.map.height}`;

  const switches = ["today", "plan"].map((when) => el("button", {
    type: "button", "data-when": when, "aria-pressed": String(state.when === when),
    on: { click: () => change({ when }) },
  }, when === "today" ? "Today" : "Plan"));
  const boxes = Object.keys(layers).map((name) => {
    const check = el("input", { type: "checkbox", "data-layer": name });
    check.checked = layers[name];
    check.addEventListener("change", () => { layers[name] = check.checked; draw(); });
    return el("label", { class: "check" }, check, ` ${{ homes: "homes", spokes: "spokes", hulls: "hulls", moves: "moves only" }[name]}`);
  });
  const zooms = [["+", "Closer", () => zoom(1.6)], ["−", "Farther", () => zoom(1 / 1.6)], ["Whole", "The whole map", () => { view = null; draw(); }],
    ["Chosen", "Closer to the reps chosen below", () => fit()]]
    .map(([sign, label, act]) => el("button", { type: "button", "aria-label": label, on: { click: act } }, sign));
  box.replaceChildren(
    el("div", { class: "controls" }, DATA.cases.length > 1 ? caseChooser("Case") : null,
      el("span", { class: "switch", role: "group", "aria-label": "Before or after" }, switches), boxes,
      el("span", { class: "switch", role: "group", "aria-label": "Zoom" }, zooms)),
    said, el("div", { class: "map" }, canvas, tip), legend);

  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; now(); });
  }
  function now() {
    if (!canvas.clientWidth) return;
    const fit = fitted(canvas, whole), picture = groundwork(canvas, view || fit);
    const { pen, at } = picture, zoomed = (view || fit).scale / fit.scale;
    const served = servedIn(state.only), other = state.when === "today" ? state.only.served : DATA.accounts.today;
    const count = served.length, wide = canvas.clientWidth, high = canvas.clientHeight;
    const size = Math.min(6, (count > 20000 ? 1.1 : count > 4000 ? 1.7 : 2.6) * Math.sqrt(zoomed) * (wide < 600 ? 0.75 : 1));
    const groups = new Map();
    const order = Array.from({ length: count }, (_, row) => row);
    for (const row of order) {
      if (served[row] === -2 || !onMap(row)) continue;
      if (layers.moves && (other[row] === served[row] || other[row] === -2)) continue;
      if (!groups.has(served[row])) groups.set(served[row], []);
      groups.get(served[row]).push(row);
    }
    const strong = (rep) => !chosen.size || chosen.has(rep);
    const reps = [...groups.keys()].sort((a, b) => strong(a) - strong(b) || a - b);
    if (layers.hulls) for (const rep of reps) {
      if (rep < 0 || !strong(rep)) continue;
      const line = hull(groups.get(rep).map((row) => at(DATA.map.x[row], DATA.map.y[row])));
      if (line.length < 3) continue;
      pen.beginPath();
      line.forEach(([x, y]) => pen.lineTo(x, y));
      pen.closePath();
      pen.globalAlpha = 0.12; pen.fillStyle = paint(rep); pen.fill();
      pen.globalAlpha = 0.8; pen.strokeStyle = paint(rep); pen.lineWidth = 1.2; pen.stroke();
      pen.globalAlpha = 1;
    }
    if (layers.spokes) for (const rep of reps) {
      if (rep < 0 || !strong(rep) || DATA.map.homes[0][rep] < 0) continue;
      const from = at(DATA.map.homes[0][rep], DATA.map.homes[1][rep]);
      pen.beginPath();
      for (const row of groups.get(rep)) {
        pen.moveTo(...from);
        pen.lineTo(...at(DATA.map.x[row], DATA.map.y[row]));
      }
      pen.globalAlpha = chosen.size ? 0.45 : 0.2; pen.strokeStyle = paint(rep); pen.lineWidth = 0.8; pen.stroke();
      pen.globalAlpha = 1;
    }
    for (const rep of reps) {
      pen.fillStyle = paint(rep);
      pen.globalAlpha = strong(rep) ? 0.9 : 0.1;
      pen.beginPath();
      for (const row of groups.get(rep)) {
        const [x, y] = at(DATA.map.x[row], DATA.map.y[row]);
        if (x < -9 || y < -9 || x > wide + 9 || y > high + 9) continue;
        pen.moveTo(x + size, y);
        pen.arc(x, y, size, 0, 6.2832);
      }
      pen.fill();
    }
    pen.globalAlpha = 1;
    if (layers.homes) DATA.reps.forEach((rep, place) => {
      if (DATA.map.homes[0][place] < 0 || !strong(place)) return;
      if (!groups.has(place) && !chosen.has(place)) return;
      home(pen, at(DATA.map.homes[0][place], DATA.map.homes[1][place]), paint(place), wide < 600 ? 4 : 6);
    });
  }
  function tell() {
    const served = servedIn(state.only);
    const counts = new Map();
    let placed = 0, nowhere = 0;
    served.forEach((rep, row) => {
      if (rep === -2) return;
      counts.set(rep, (counts.get(rep) || 0) + 1);
      if (onMap(row)) placed += 1;
      else nowhere += 1;
    });
    const books = state.when === "today" ? "today’s books" : state.only.title;
    const moved = state.only.moves[0].length;
    const lacking = nowhere ? ` ${several(nowhere, "account has", "accounts have")} no place on it.` : "";
    said.replaceChildren(`${several(placed, "account", "accounts")} under `, bdi(books),
      `, coloured by the rep who serves them; ${several(moved, "changes hands", "change hands")} in `, bdi(state.only.title), `.${lacking} `,
      el("a", { href: "#accounts" }, "The same as a table"), ".");
    canvas.setAttribute("aria-label", `Map of ${several(placed, "account", "accounts")} by rep, ${books}`);
    for (const button of switches) button.setAttribute("aria-pressed", String(button.dataset.when === state.when));
    const order = [...counts.keys()].sort((a, b) => (a < 0) - (b < 0) || collator.compare(repName(a), repName(b)));
    legend.replaceChildren(...order.map((rep) => {
      const button = el("button", { type: "button", "aria-pressed": String(chosen.has(rep)) },
        dot(paint(rep)), bdi(repName(rep)), el("small", null, ` ${show(counts.get(rep), "count")}`));
      button.addEventListener("click", () => {
        if (chosen.has(rep)) chosen.delete(rep);
        else chosen.add(rep);
        button.setAttribute("aria-pressed", String(chosen.has(rep)));
        draw();
      });
      return el("li", null, button);
    }));
  }
  function zoom(by, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
    const fit = fitted(canvas, whole), old = view || fit;
    const scale = Math.min(Math.max(old.scale * by, fit.scale), fit.scale * 200);
    view = scale === fit.scale ? null : { scale, x: old.x + px / old.scale - px / scale, y: old.y + py / old.scale - py / scale };
    draw();
  }
  function fit() {
    const served = servedIn(state.only), xs = [], ys = [];
    served.forEach((rep, row) => {
      if (!chosen.has(rep) || !onMap(row)) return;
      xs.push(DATA.map.x[row]);
      ys.push(DATA.map.y[row]);
    });
    if (!xs.length) return;
    view = fitted(canvas, around(xs, ys));
    draw();
  }
  function pan(dx, dy) {
    if (!view) return;
    view = { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
    draw();
  }
  canvas.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (ways[event.key] && view) pan(...ways[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else if (event.key === "0") { view = null; draw(); }
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !view) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));
  canvas.addEventListener("pointerdown", (event) => {
    if (!view) return;
    drag = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag) {
      pan(event.clientX - drag[0], event.clientY - drag[1]);
      drag = [event.clientX, event.clientY];
      return;
    }
    const sight = view || fitted(canvas, whole), served = servedIn(state.only);
    const x = sight.x + event.offsetX / sight.scale, y = sight.y + event.offsetY / sight.scale;
    let best = 64 / sight.scale ** 2, found = -1;
    for (let row = 0; row < served.length; row += 1) {
      const way = (DATA.map.x[row] - x) ** 2 + (DATA.map.y[row] - y) ** 2;
      if (way < best && served[row] !== -2) { best = way; found = row; }
    }
    tip.hidden = found < 0;
    if (found < 0) return;
    const was = DATA.accounts.today[found], will = state.only.served[found];
    tip.replaceChildren(el("b", null, bdi(accountName(found))), el("br"),
      bdi(was === will ? repName(will) : `${repName(was)} → ${will === -2 ? "not in this case" : repName(will)}`));
    tip.style.left = `${Math.min(event.offsetX + 12, canvas.clientWidth - 190)}px`;
    tip.style.top = `${event.offsetY + 14}px`;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  onChange((what) => {
    if (!what.includes("only") && !what.includes("when")) return;
    tell();
    draw();
  });
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  tell();
  now();
}

// The box around places, with room.
function around(xs, ys) {
  const reach = (list) => list.reduce(([low, most], one) => [Math.min(low, one), Math.max(most, one)], [Infinity, -Infinity]);
  const [left, right] = reach(xs), [top, foot] = reach(ys), room = Math.max(right - left, foot - top, 300) * 0.12;
  return [left - room, top - room, right + room, foot + room];
}

// One rep's accounts: kept, come and gone.
function smallMap(rep, kept, came, gone) {
  const rows = [...kept, ...came, ...gone].filter(onMap);
  if (!DATA.map || !rows.length) return null;
  const canvas = el("canvas", { class: "small", role: "img", "aria-label":
    `Map: ${several(kept.length, "account stays", "accounts stay")}, ${several(came.length, "comes", "come")}, ${several(gone.length, "leaves", "leave")}` });
  const xs = rows.map((row) => DATA.map.x[row]), ys = rows.map((row) => DATA.map.y[row]);
  if (DATA.map.homes[0][rep] >= 0) { xs.push(DATA.map.homes[0][rep]); ys.push(DATA.map.homes[1][rep]); }
  const box = around(xs, ys);
  const draw = () => {
    if (!canvas.clientWidth) return;
    const view = fitted(canvas, box);
    const { pen, at } = groundwork(canvas, view);
    const mark = (list, fill, line, size) => {
      for (const row of list.filter(onMap)) {
        const [x, y] = at(DATA.map.x[row], DATA.map.y[row]);
        pen.beginPath();
        pen.arc(x, y, size, 0, 6.2832);
        if (fill) { pen.fillStyle = fill; pen.fill(); }
        if (line) { pen.strokeStyle = line; pen.lineWidth = 1.5; pen.stroke(); }
      }
    };
    mark(gone, null, tone("--soft"), 3);
    mark(kept, paint(rep), null, 2.8);
    mark(came, paint(rep), tone("--ink"), 3.6);
    if (DATA.map.homes[0][rep] >= 0) home(pen, at(DATA.map.homes[0][rep], DATA.map.homes[1][rep]), paint(rep));
  };
  new ResizeObserver(draw).observe(canvas);
  return el("figure", null, el("figcaption", null, "Where the accounts lie"), canvas,
    el("p", { class: "hint" }, "Filled: stays. With a rim: comes. Hollow: leaves. Diamond: home."));
}
