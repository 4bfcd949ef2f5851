// Books: one rep, or all reps of a manager; made when they are asked for.
function movesOf(only) {
  if (!only.moveOf) {
    only.moveOf = new Map(only.moves[0].map((row, at) => [row, at]));
  }
  return only.moveOf;
}
function told(only, row) {
  const at = movesOf(only).get(row);
  if (at === undefined) return { kind: "", worth: null, why: "" };
  return { kind: KINDS[only.moves[1][at]], worth: only.moves[2][at], why: only.why[only.moves[3][at]] };
}
const measureColumns = (only) => DATA.measures.map((name, column) => ({
  title: titled(name), value: (row) => measureAt(column, row, only), cell: (row) => show(measureAt(column, row, only)),
}));
const nameColumn = () => ({
  title: "Account", wide: true, text: accountName,
  cell: (row) => [accountLink(row), DATA.accounts.name[row] ? el("small", null, " ", bdi(DATA.accounts.id[row])) : null],
});
const repColumn = (title, of) => ({ title, text: (row) => repName(of(row)), cell: (row) => repLink(of(row)) });
const whyColumn = (only) => ({ title: "Why", text: (row) => told(only, row).why, cell: (row) => bdi(told(only, row).why) });
const worthColumn = (only, title) => ({
  title, value: (row) => told(only, row).worth, cell: (row) => signed(told(only, row).worth),
});

function bookOf(only, rep, level, whole) {
  const kept = [], came = [], gone = [];
  only.served.forEach((to, row) => {
    if (to === -2) return;
    const from = DATA.accounts.today[row];
    if (to === rep) (from === rep ? kept : came).push(row);
    else if (from === rep) gone.push(row);
  });
  const largest = (a, b) => (measureAt(0, b, only) ?? 0) - (measureAt(0, a, only) ?? 0);
  for (const rows of [kept, came, gone]) if (DATA.measures.length) rows.sort(largest);
  const person = DATA.reps[rep], head = `h${level}`;
  const article = el("article", { class: "book", "data-rep": person.id, "data-case": only.name },
    el(head, null, dot(person.colour), bdi(repName(rep)), person.name ? el("small", null, " ", bdi(person.id)) : null),
    el("p", { class: "hint" },
      person.manager ? ["Team of ", el("a", { href: address({ team: person.manager }) }, bdi(person.manager)), ". "] : null,
      person.leaves ? "Leaves. " : null,
      `${several(kept.length, "account stays", "accounts stay")}, ${several(came.length, "comes", "come")}, ${several(gone.length, "leaves", "leave")} under `,
      bdi(only.title), "."));
  const book = only.books.find((one) => one[0] === rep);
  const side = el("div", { class: "sides" });
  if (book) side.append(loads(only, book));
  const map = DATA.map ? smallMap(rep, kept, came, gone) : null;
  if (map) side.append(map);
  article.append(side);
  for (const [title, rows, who, noun] of [
    ["Comes", came, repColumn("From", (row) => DATA.accounts.today[row]), "come"],
    ["Leaves", gone, repColumn("To", (row) => only.served[row]), "leave"],
    ["Stays", kept, null, "stay"],
  ]) {
    if (!rows.length) continue;
    const moved = who ? [who, whyColumn(only), worthColumn(only, "Cost if undone")] : [];
    const place = el("div");
    grid(place, {
      caption: `Accounts that ${noun}, ${repName(rep)}`, rows, page: whole ? Infinity : 10,
      columns: [nameColumn(), ...moved, ...measureColumns(only)], words: accountName,
    });
    const count = `${title}: ${show(rows.length, "count")}`;
    if (who) article.append(el(`h${level + 1}`, null, count), place);
    else if (!whole) article.append(el("details", null, el("summary", null, count), place));
    else article.append(el(`h${level + 1}`, null, count), place);
  }
  return article;
}
function loads(only, book) {
  const [, before, after, target, [useBefore, use]] = book;
  const rows = only.measures.map((name, k) => {
    const most = Math.max(before[k] ?? 0, after[k] ?? 0, target[k] ?? 0) || 1;
    const bar = (value, kind) => {
      const made = el("i", { class: `bar ${kind}` });
      made.style.width = `${(100 * Math.max(0, value ?? 0)) / most}%`;
      return made;
    };
    const style = styleOf(name);
    return el("tr", null, el("th", { scope: "row" }, bdi(titled(name))),
      el("td", { class: "n", "data-value": before[k] }, show(before[k], style)),
      el("td", { class: "n plan", "data-value": after[k] }, show(after[k], style)),
      el("td", { class: "n" }, show(target[k], style)),
      el("td", { class: "bars", "aria-hidden": "true" }, bar(before[k], "then"), bar(after[k], "now")));
  });
  only.limits.forEach((rule, k) => {
    if (use[k] === null && useBefore[k] === null) return;
    rows.push(el("tr", null, el("th", { scope: "row" }, "Use, ", bdi(rule)),
      el("td", { class: "n" }, show(useBefore[k], "share")), el("td", { class: "n plan" }, show(use[k], "share")),
      el("td", { class: "n" }, NONE), el("td")));
  });
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Load" }, el("table", null, el("caption", { class: "sr" }, "Load by measure"),
    el("thead", null, el("tr", null, ...["Load", "Today", "Plan", "Target"].map((title, k) =>
      el("th", { scope: "col", class: k ? null : "left" }, title)), el("td"))), el("tbody", null, rows)));
}
function teamOf(only, manager, level, whole) {
  const team = DATA.teams.find((one) => one.case === only.name && one.manager === manager);
  if (!team) return el("p", null, "No such team in this case.");
  const [into, out, within] = team.moves;
  const named = manager || "no manager";
  const parts = [el("p", { class: "over" }, bdi(document.title)), el(`h${level}`, null, "Team of ", bdi(named)),
    el("p", { class: "hint" }, `Under `, bdi(only.title), `, ${several(into, "account comes", "accounts come")} to the team, ${several(out, "leaves", "leave")} it and ${several(within, "changes", "change")} the rep inside it.`)];
  const names = Object.keys(team.after).filter((name) => team.after[name] !== null);
  const lines = [...team.reps.map((rep) => {
    const book = only.books.find((one) => one[0] === rep);
    const of = (list, name) => list[only.measures.indexOf(name)];
    return [repLink(rep), names.map((name) => (book ? [of(book[1], name), of(book[2], name)] : [null, null]))];
  }), ["The team", names.map((name) => [team.before[name], team.after[name]])]];
  parts.push(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Team of ${named}` }, el("table", null,
    el("caption", { class: "sr" }, `Books of the team of ${named}`),
    el("thead", null, el("tr", null, el("th", { scope: "col", class: "left" }, "Rep"),
      names.flatMap((name) => [el("th", { scope: "col" }, bdi(titled(name)), " today"), el("th", { scope: "col" }, "plan")]))),
    el("tbody", null, lines.map(([who, values]) => el("tr", null, el("th", { scope: "row" }, who),
      values.flatMap(([then, now], k) => [el("td", { class: "n" }, show(then, styleOf(names[k]))), el("td", { class: "n plan" }, show(now, styleOf(names[k])))])))))));
  if (whole) parts.push(...team.reps.map((rep) => bookOf(only, rep, level + 1, true)));
  return el("article", { class: "team", "data-team": manager }, parts);
}
function booksOf(box) {
  const reps = el("select", { "data-choose": "rep" }), teams = el("select", { "data-choose": "team" });
  const order = DATA.reps.map((_, at) => at).sort((a, b) => collator.compare(repName(a), repName(b)));
  reps.append(el("option", { value: "-1" }, "choose …"), ...order.map((at) => el("option", { value: at }, repName(at))));
  const managers = [...new Set(DATA.teams.map((team) => team.manager))];
  teams.append(el("option", { value: "-1" }, "choose …"), ...managers.map((name, at) => el("option", { value: at }, name || "no manager")));
  const place = el("div", { class: "panel", id: "book", tabindex: "-1" });
  const print = el("button", { type: "button", hidden: true, on: { click: () => window.print() } }, "Print this");
  const go = (more) => { history.replaceState(null, "", address(more)); change(more.team === undefined ? { rep: DATA.reps.findIndex((one) => one.id === more.rep), team: null } : { team: more.team, rep: -1 }); };
  reps.addEventListener("change", () => { if (reps.value !== "-1") go({ rep: DATA.reps[Number(reps.value)].id }); });
  teams.addEventListener("change", () => { if (teams.value !== "-1") go({ team: managers[Number(teams.value)] }); });
  box.replaceChildren(el("h3", null, "One book, or the books of a team"), el("div", { class: "controls" }, el("label", null, "Rep ", reps),
    managers.length ? el("label", null, "Team of ", teams) : null,
    DATA.cases.length > 1 ? caseChooser("Case") : null, print), place);
  onChange((what) => {
    if (!["only", "rep", "team"].some((one) => what.includes(one))) return;
    reps.value = String(state.rep);
    teams.value = String(state.team === null ? -1 : managers.indexOf(state.team));
    print.hidden = state.rep < 0 && state.team === null;
    document.documentElement.classList.toggle("pack", !print.hidden);
    if (state.team !== null) place.replaceChildren(teamOf(state.only, state.team, 4, true));
    else if (state.rep >= 0) place.replaceChildren(bookOf(state.only, state.rep, 4, false));
    else place.replaceChildren();
  });
}
