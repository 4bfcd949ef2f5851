// Tables that search, sort and turn pages; rows are made when they are shown.
function grid(box, { caption, columns, rows, words, page = 25, search = "", controls = [], noun = "rows" }) {
  let order = null, shown = rows, first = 0, texts = null, waiting = 0;
  const body = el("tbody"), count = el("output"), where = el("output");
  const find = el("input", { type: "search", placeholder: search });
  const back = el("button", { type: "button" }, "Previous"), on = el("button", { type: "button" }, "Next");
  const heads = columns.map((column) => {
    const button = el("button", { type: "button" }, bdi(column.title));
    const head = el("th", { scope: "col", class: column.value ? null : "left" }, button);
    button.addEventListener("click", () => {
      const down = order && order.column === column ? !order.down : Boolean(column.value);
      order = { column, down };
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      pick();
    });
    return head;
  });
  const table = el("table", null, el("caption", { class: "sr" }, caption),
    el("thead", null, el("tr", null, heads)), body);
  const pager = el("div", { class: "pager" }, back, where, on);
  const bar = el("div", { class: "controls" }, search ? el("label", null, "Search ", find) : null, controls, count);
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);

  function draw() {
    const part = shown.slice(first, first + page);
    body.replaceChildren(...part.map((row) => {
      const cells = columns.map((column) => {
        const made = column.cell(row);
        const value = column.value ? column.value(row) : undefined;
        const known = value !== undefined && value !== null;
        return el("td", { class: column.value ? "n" : column.wide ? "name wide" : "name", "data-value": known ? value : null },
          column.value ? made : el("span", { class: "clip" }, made));
      });
      return el("tr", null, cells);
    }));
    count.textContent = search ? `${show(shown.length, "count")} of ${show(rows.length, "count")} ${noun}` : "";
    where.textContent = shown.length ? `${show(first + 1, "count")} to ${show(Math.min(first + page, shown.length), "count")}` : "none";
    back.disabled = first === 0;
    on.disabled = first + page >= shown.length;
    pager.hidden = shown.length <= page;
  }
  function pick() {
    const asked = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = rows;
    if (asked.length) {
      if (!texts) texts = new Map(rows.map((row) => [row, words(row).toLowerCase()]));
      shown = rows.filter((row) => asked.every((word) => texts.get(row).includes(word)));
    }
    if (order) {
      const { column, down } = order;
      const key = column.value || column.text;
      const keyed = shown.map((row, place) => [key(row), place, row]);
      const empty = (value) => value === null || value === undefined;
      keyed.sort(([a, p], [b, q]) => {
        if (empty(a) || empty(b)) return empty(a) - empty(b) || p - q;
        const way = column.value ? a - b : collator.compare(a, b);
        return (down ? -way : way) || p - q;
      });
      shown = keyed.map(([, , row]) => row);
    }
    first = 0;
    draw();
  }
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(pick, rows.length > 5000 ? 120 : 0); });
  back.addEventListener("click", () => { first -= page; draw(); });
  on.addEventListener("click", () => { first += page; draw(); });
  box.replaceChildren(bar, scroll, pager);
  draw();
  return { fill(next) { rows = next; texts = null; pick(); } };
}

// Tables that stand in the page already can be sorted too.
for (const box of document.querySelectorAll("[data-table]")) {
  const body = box.querySelector("tbody"), rows = Array.from(body.rows);
  let order = null;
  const heads = Array.from(box.querySelectorAll("thead th"));
  heads.forEach((head, column) => {
    const button = el("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const of = (row) => row.cells[column];
      const number = rows.some((row) => of(row).dataset.value !== undefined);
      const down = order && order.column === column ? !order.down : number;
      order = { column, down };
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => (number ? Number(of(row).dataset.value ?? NaN) : of(row).textContent.trim());
      const keyed = rows.map((row, place) => [key(row), place, row]);
      keyed.sort(([a, p], [b, q]) => {
        if (number && (Number.isNaN(a) || Number.isNaN(b))) return Number.isNaN(a) - Number.isNaN(b) || p - q;
        const way = number ? a - b : collator.compare(a, b);
        return (down ? -way : way) || p - q;
      });
      body.replaceChildren(...keyed.map(([, , row]) => row));
    });
  });
}

// Paper shows what is folded away on the screen.
addEventListener("beforeprint", () => {
  if (document.documentElement.classList.contains("pack")) return;
  for (const one of document.querySelectorAll("details.more")) one.open = true;
});
