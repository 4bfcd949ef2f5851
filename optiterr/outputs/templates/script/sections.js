// Moves, accounts, one account, and how two plans differ.
function moveTable(box) {
  const pairs = DATA.cases.flatMap((only) => only.moves[0].map((row) => ({ only, row })));
  const columns = [
    DATA.cases.length > 1 ? { title: "Case", text: (one) => one.only.title, cell: (one) => [dot(one.only.colour), bdi(one.only.title)] } : null,
    { title: "Account", wide: true, text: (one) => accountName(one.row), cell: (one) => nameColumn().cell(one.row) },
    { title: "From", text: (one) => repName(DATA.accounts.today[one.row]), cell: (one) => repLink(DATA.accounts.today[one.row]) },
    { title: "To", text: (one) => repName(one.only.served[one.row]), cell: (one) => repLink(one.only.served[one.row]) },
    { title: "Kind", text: (one) => told(one.only, one.row).kind, cell: (one) => told(one.only, one.row).kind },
    { title: "Why", text: (one) => told(one.only, one.row).why, cell: (one) => bdi(told(one.only, one.row).why) },
    { title: "Cost if undone", value: (one) => told(one.only, one.row).worth, cell: (one) => signed(told(one.only, one.row).worth) },
    ...DATA.measures.map((name, column) => ({ title: titled(name), value: (one) => measureAt(column, one.row, one.only), cell: (one) => show(measureAt(column, one.row, one.only)) })),
  ].filter(Boolean);
  const filter = el("select", { "data-filter": true }, el("option", { value: "" }, "all"), DATA.cases.map((one, at) => el("option", { value: at }, one.title)));
  const table = grid(box, {
    caption: "Accounts whose rep changes", columns, rows: pairs, search: "account, rep, why …", noun: "moves",
    controls: DATA.cases.length > 1 ? [el("label", null, "Case ", filter)] : [],
    words: ({ only, row }) => [DATA.accounts.id[row], DATA.accounts.name[row], repName(DATA.accounts.today[row]), repName(only.served[row]), told(only, row).kind, told(only, row).why].join(" "),
  });
  const follow = () => table.fill(filter.value === "" ? pairs : pairs.filter((one) => one.only === DATA.cases[Number(filter.value)]));
  filter.addEventListener("change", follow);
  onChange((what) => {
    if (!what.includes("only") || DATA.cases.length < 2) return;
    filter.value = String(DATA.cases.indexOf(state.only));
    follow();
  });
}
function accountTable(box) {
  const place = el("div"), chooser = DATA.cases.length > 1 ? [caseChooser("Case")] : [];
  const every = () => DATA.accounts.id.map((_, row) => row).filter((row) => state.only.served[row] !== -2);
  const draw = () => {
    const only = state.only;
    grid(place, {
      caption: `Every account under ${only.title}`, rows: every(), search: "account or rep …", noun: "accounts",
      columns: [nameColumn(), repColumn("Today", (row) => DATA.accounts.today[row]), repColumn("Plan", (row) => only.served[row]),
        { title: "Kind", text: (row) => told(only, row).kind, cell: (row) => told(only, row).kind || "stays" },
        whyColumn(only), worthColumn(only, "Cost if undone"), ...measureColumns(only)],
      words: (row) => [DATA.accounts.id[row], DATA.accounts.name[row], repName(DATA.accounts.today[row]), repName(only.served[row]), told(only, row).kind || "stays", told(only, row).why].join(" "),
      controls: chooser,
    });
  };
  const one = el("div", { class: "panel", id: "account", tabindex: "-1" });
  box.replaceChildren(one, place);
  onChange((what) => {
    if (what.includes("only")) draw();
    if (!what.includes("account")) return;
    if (state.account < 0) one.replaceChildren();
    else one.replaceChildren(accountCard(state.account));
  });
  draw();
}
function accountCard(row) {
  const numbers = DATA.measures.map((name, column) => `${name} ${show(measureAt(column, row, null))}`).join(", ");
  return el("article", { class: "book", "data-account": DATA.accounts.id[row] },
    el("h3", null, bdi(accountName(row)), DATA.accounts.name[row] ? el("small", null, " ", bdi(DATA.accounts.id[row])) : null),
    el("p", { class: "hint" }, "Today with ", repLink(DATA.accounts.today[row]), numbers ? `; ${numbers}.` : "."),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "This account in every case" }, el("table", null,
      el("caption", { class: "sr" }, "This account in every case"),
      el("thead", null, el("tr", null, ["Case", "Rep", "Why"].map((title) => el("th", { scope: "col", class: "left" }, title)), el("th", { scope: "col" }, "Cost if undone"))),
      el("tbody", null, DATA.cases.map((only) => {
        const rep = only.served[row], { why, worth } = told(only, row);
        return el("tr", null, el("th", { scope: "row" }, dot(only.colour), bdi(only.title)),
          el("td", null, rep === -2 ? "not in the data" : repLink(rep)), el("td", null, bdi(why || (rep === -2 ? "" : "stays"))), el("td", { class: "n" }, signed(worth)));
      })))));
}
function differenceTable(box) {
  const choosers = [0, 1].map((at) => {
    const choose = el("select", { "data-plan": at }, DATA.cases.map((one, k) => el("option", { value: k }, one.title)));
    choose.value = String(at);
    return choose;
  });
  const place = el("div");
  const draw = () => {
    const [first, second] = choosers.map((one) => DATA.cases[Number(one.value)]);
    if (first === second) return place.replaceChildren(el("p", { class: "hint" }, "Choose two different plans."));
    const straight = DATA.differences.find((one) => one.first === first.name && one.second === second.name);
    const found = straight || DATA.differences.find((one) => one.first === second.name && one.second === first.name);
    if (!found) return place.replaceChildren(el("p", { class: "hint" }, "Nothing is known of these two."));
    const judge = straight ? first : second, other = straight ? second : first;
    const amounts = DATA.measures.map((name, k) => `${show(found.measures[k])} of ${name}`).join(", ");
    const rows = found.largest, table = el("div"), flows = el("div");
    place.replaceChildren(
      el("p", null, bdi(first.title), " and ", bdi(second.title), ` give ${several(found.accounts, "account", "accounts")} to different reps${amounts ? `: ${amounts}` : ""}.`,
        found.unmatched ? ` ${several(found.unmatched, "account is", "accounts are")} in the data of one of the two only.` : ""),
      el("h3", null, "The accounts that matter most"),
      el("p", { class: "hint" }, "The last column says how much the cost of ", bdi(judge.title), " would change, by its own rules, if this account alone went to the rep it has under ", bdi(other.title),
        "; what it would change for ", bdi(other.title), ` is not counted. ${show(rows.length, "count")} of ${show(found.accounts, "count")} are shown.`),
      table, el("details", null, el("summary", null, "From whom to whom"), flows));
    const at = (one, which) => one[straight ? 1 + which : 2 - which];
    grid(table, {
      caption: "Accounts that two plans serve differently", rows, page: 15, search: "account or rep …", noun: "accounts",
      words: (one) => [accountName(one[0]), DATA.accounts.id[one[0]], repName(one[1]), repName(one[2])].join(" "),
      columns: [{ title: "Account", wide: true, text: (one) => accountName(one[0]), cell: (one) => nameColumn().cell(one[0]) },
        { title: first.title, text: (one) => repName(at(one, 0)), cell: (one) => repLink(at(one, 0)) },
        { title: second.title, text: (one) => repName(at(one, 1)), cell: (one) => repLink(at(one, 1)) },
        ...DATA.measures.map((name, column) => ({ title: titled(name), value: (one) => measureAt(column, one[0], judge), cell: (one) => show(measureAt(column, one[0], judge)) })),
        { title: "Changes the cost by", value: (one) => one[3], cell: (one) => (one[3] === null ? bdi(broken(one[4])) : signed(one[3])) }],
    });
    grid(flows, {
      caption: "From whom to whom", rows: found.flows, page: 15, words: () => "",
      columns: [{ title: first.title, text: (one) => repName(one[straight ? 0 : 1]), cell: (one) => repLink(one[straight ? 0 : 1]) },
        { title: second.title, text: (one) => repName(one[straight ? 1 : 0]), cell: (one) => repLink(one[straight ? 1 : 0]) },
        { title: "Accounts", value: (one) => one[2], cell: (one) => show(one[2], "count") }],
    });
  };
  for (const choose of choosers) choose.addEventListener("change", draw);
  box.replaceChildren(el("div", { class: "controls" }, el("label", null, "Plan ", choosers[0]), el("label", null, "and plan ", choosers[1])), place);
  draw();
}
function broken(rule) {
  const plainly = { "(pairs)": "no such pair in the data", "(rep)": "no such rep in its data", "(not judged)": "not judged" };
  return plainly[rule] || `${rule} forbids it`;
}

// Where a link leads.
function arrive(hash) {
  if (!hash.includes("=")) return;
  const asked = Object.fromEntries(new URLSearchParams(hash.slice(1).replaceAll("+", "%2B")));
  const patch = { rep: -1, team: null, account: -1 };
  const only = DATA.cases.find((one) => one.name === asked.case);
  if (only && only !== state.only) patch.only = only;
  if (asked.rep !== undefined) patch.rep = DATA.reps.findIndex((one) => one.id === asked.rep);
  if (asked.team !== undefined) patch.team = asked.team;
  if (asked.account !== undefined) patch.account = DATA.accounts.id.indexOf(asked.account);
  change(patch);
  const place = patch.account >= 0 ? "account" : patch.rep >= 0 || patch.team !== null ? "book" : only ? "map" : "";
  const target = place && document.getElementById(place);
  if (!target) return;
  target.scrollIntoView({ behavior: "instant" });
  if (place !== "map") target.focus({ preventScroll: true });
}

// Tables that go on beyond their right edge say so by a shade there.
const edge = (one) => one.classList.toggle("beyond", one.scrollWidth - one.clientWidth - one.scrollLeft > 2);
const edges = new ResizeObserver((seen) => seen.forEach((one) => edge(one.target)));
const watch = (root) => { for (const one of root.querySelectorAll(".scroll")) edges.observe(one); };
document.addEventListener("scroll", (event) => { if (event.target.classList?.contains("scroll")) edge(event.target); }, true);
new MutationObserver((seen) => seen.forEach((one) => watch(one.target))).observe(document.querySelector("main"), { childList: true, subtree: true });
watch(document);
if (LIVE) {
  document.documentElement.classList.add("live");
  const places = { moves: moveTable, accounts: accountTable, books: booksOf };
  if (DATA.map) places.map = mapOf;
  if (DATA.differences.length) places.differences = differenceTable;
  for (const [name, fill] of Object.entries(places)) {
    const box = document.querySelector(`[data-live=${name}]`);
    if (box) fill(box);
  }
  addEventListener("hashchange", () => arrive(location.hash));
  arrive(location.hash);
}
