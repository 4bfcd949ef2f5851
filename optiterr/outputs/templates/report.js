"use strict";
for (const box of document.querySelectorAll("[data-table]")) {
  const body = box.querySelector("tbody");
  const size = Number(box.dataset.page || Infinity);
  const rows = Array.from(body.rows, (row, place) => ({
    row, place, text: row.textContent.toLowerCase(), kind: row.dataset.case || "",
  }));
  const find = (name) => box.querySelector(`[data-${name}]`);
  const search = find("search"), filter = find("filter"), count = find("count");
  const where = find("where"), back = find("back"), on = find("on");
  let page = 0, shown = rows, order = null;

  const draw = () => {
    const first = size === Infinity ? 0 : page * size;
    body.replaceChildren(...shown.slice(first, first + size).map((one) => one.row));
    if (count) count.textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} moves`;
    if (where) where.textContent = shown.length ? `${first + 1} to ${Math.min(first + size, shown.length)}` : "none";
    if (back) back.disabled = page === 0;
    if (on) on.disabled = first + size >= shown.length;
    const pager = box.querySelector(".pager");
    if (pager) pager.hidden = shown.length <= size;
  };
  const pick = () => {
    const words = (search ? search.value : "").toLowerCase().split(/\s+/).filter(Boolean);
    const kind = filter ? filter.value : "";
    shown = rows.filter((one) => (!kind || one.kind === kind) && words.every((word) => one.text.includes(word)));
    if (order) {
      const key = (one) => {
        const cell = one.row.cells[order.column];
        return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
      };
      const keyed = shown.map((one) => [key(one), one]);
      keyed.sort(([a, x], [b, y]) => {
        const numbers = typeof a === "number" && typeof b === "number";
        const way = numbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
        return (order.down ? -way : way) || x.place - y.place;
      });
      shown = keyed.map(([, one]) => one);
    }
    page = 0;
    draw();
  };
  box.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const number = rows.some((one) => one.row.cells[column].dataset.value !== undefined);
      const down = order && order.column === column ? !order.down : number;
      order = { column, down };
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      pick();
    });
  });
  if (search) search.addEventListener("input", pick);
  if (filter) filter.addEventListener("change", pick);
  if (back) back.addEventListener("click", () => { page -= 1; draw(); });
  if (on) on.addEventListener("click", () => { page += 1; draw(); });
  const controls = box.querySelector(".controls");
  if (controls) controls.hidden = false;
  draw();
}
