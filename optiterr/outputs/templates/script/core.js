// Data, elements and numbers. Names only ever become text: nothing here writes markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const LIVE = Boolean(DATA.accounts) && DATA.cases.length > 0;
const KINDS = ["moved", "forced", "new"];
const NBSP = "\u00a0", MINUS = "\u2212", NONE = "\u2013";
const collator = new Intl.Collator("en", { numeric: true });

function el(tag, attrs, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) made.append(child);
  return made;
}
const bdi = (text) => el("bdi", null, text);
const dot = (colour) => {
  const made = el("i", { class: "dot" });
  made.style.setProperty("--dot", colour);
  return made;
};

// Numbers as the rest of the page writes them.
const plain = (text) => (/^[-0.,]*$/.test(text) ? text.replace(/^-/, "") : text.replace("-", MINUS));
function fixed(value, places) {
  const size = Math.abs(value), long = size.toFixed(places + 55);
  const cut = long.length - 55, tail = long.slice(cut);
  let text = size.toFixed(places);
  if (/^50*$/.test(tail) && "02468".includes(long.slice(0, cut).replace(".", "").slice(-1))) {
    text = long.slice(0, cut).replace(/\.$/, "");
  }
  const [whole, rest] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0 ? "-" : "") + grouped + (rest === undefined ? "" : `.${rest}`);
}
function digits(value, count) {
  if (value === 0 || !Number.isFinite(value)) return plain(fixed(value, 0));
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  const places = Math.min(Math.max(0, count - whole), 6);
  const text = fixed(value, places);
  return plain(text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
}
function show(value, style) {
  if (value === null || value === undefined) return NONE;
  if (style === "share") {
    for (let count = 3; count < 9; count += 1) {
      const text = digits(value * 100, count);
      if ((text !== "100" && text !== `${MINUS}100`) || Math.abs(value) === 1) return `${text}${NBSP}%`;
    }
    return `100${NBSP}%`;
  }
  if (style === "count" && Number.isInteger(value)) return plain(fixed(value, 0));
  for (const [size, word] of [[1e9, "bn"], [1e6, "M"]]) {
    if (Math.abs(value) >= size) return `${digits(value / size, 4)}${NBSP}${word}`;
  }
  return digits(value, 4);
}
function signed(value) {
  if (value === null || value === undefined) return NONE;
  const text = show(value);
  return text === "0" ? "0" : text.startsWith(MINUS) ? text : `+${text}`;
}
const several = (count, one, more) => `${show(count, "count")} ${count === 1 ? one : more}`;
const styleOf = (measure) => (measure === "accounts" ? "count" : "amount");
const titled = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// Who is who.
const repName = (at) => (at < 0 ? "nobody" : DATA.reps[at].name || DATA.reps[at].id);
const accountName = (row) => DATA.accounts.name[row] || DATA.accounts.id[row];
const measureAt = (column, row, only) =>
  only && only.own[row] ? only.own[row][column] : DATA.accounts.measures[column][row];
const servedIn = (only) => (state.when === "today" ? DATA.accounts.today : only.served);
function repLink(at) {
  if (at < 0) return bdi("nobody");
  return el("a", { href: address({ rep: DATA.reps[at].id }) }, bdi(repName(at)));
}
function accountLink(row) {
  const id = DATA.accounts.id[row], name = DATA.accounts.name[row];
  return el("a", { href: address({ account: id }) }, bdi(name || id));
}

// What is looked at, kept in the address so that a link leads back to it.
const state = { only: LIVE ? DATA.cases[0] : null, when: "plan", rep: -1, team: null, account: -1 };
const hearers = [];
const onChange = (hear) => hearers.push(hear);
function address(more) {
  const parts = { case: state.only ? state.only.name : undefined, ...more };
  const told = Object.entries(parts).filter(([, value]) => value !== undefined && value !== null);
  return `#${told.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}
function change(patch) {
  Object.assign(state, patch);
  for (const hear of hearers) hear(Object.keys(patch));
}
function caseChooser(label) {
  const choose = el("select", null, DATA.cases.map((one, at) => el("option", { value: at }, one.title)));
  choose.addEventListener("change", () => change({ only: DATA.cases[Number(choose.value)] }));
  const follow = () => { choose.value = String(DATA.cases.indexOf(state.only)); };
  onChange(follow);
  follow();
  return el("label", null, `${label} `, choose);
}
