"""The report in a browser: it runs without a fault, alone, and people of all kinds can use it."""

# ruff: noqa: E501 - a script in a string is easier to read unbroken
from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser_pipe import FRAMES, Page, browser
from test_outputs import HOSTILE, hostile
from tiny_comparison import RULES, plan_of, tiny

from optiterr.comparison.figures import show
from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.outputs.html import page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CORE = Path(__file__).parents[1] / "optiterr" / "outputs" / "templates" / "script" / "core.js"

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is installed")


Browse = Callable[..., Any]


@pytest.fixture(scope="module")
def sight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser in which one page after another is opened."""
    assert BROWSER is not None
    with browser(BROWSER, tmp_path_factory.mktemp("browser") / "profile") as made:
        yield made


def leads(folder: Path, text: str, link: str = "") -> str:
    """The address of ``text``, written to a file."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8", newline="")
    return f"{file.as_uri()}{link}"


@pytest.fixture
def browse(sight: Page, tmp_path: Path) -> Browse:
    """Opens a text as a file, runs the body of an async function in it, and returns its value."""

    def seen(
        text: str, script: str, *, link: str = "", dark: bool = False, wide: int = 1400
    ) -> Any:
        sight.open(leads(tmp_path, text, link), wide=wide, dark=dark)
        return sight.run(f"(async () => {{{script}}})()")

    return seen


@cache
def shown() -> str:
    """Two plans of the tiny case, r1 with a manager Mia and r2 with Noa."""
    base = tiny()
    problem = replace(
        base,
        accounts=base.accounts.assign(latitude=[0.0, 1.0, 0.0, 1.0, 1.0]),
        reps=base.reps.assign(manager=["Mia", "Noa"]),
    )
    calm = {"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r2"}
    cases = [
        summarise("tiny", plan_of(bound=20.0), problem, RULES, scenario_title="Tiny"),
        summarise(
            "calm", plan_of(cost=21.0, bound=21.0, assignment=calm), problem, RULES,
            scenario_title="Calm",
        ),
    ]  # fmt: skip
    told: Comparison = compare("fy27", "New year", cases, summarise_today(problem, RULES))
    return page(told)


QUIET = "return { loaded: performance.getEntriesByType('resource').length };"


@pytest.mark.parametrize("link", ["", "#case=calm", "#rep=r1", "#account=b", "#team=Mia"])
def test_nothing_fails_and_nothing_is_fetched(browse: Browse, sight: Page, link: str) -> None:
    """No complaint in the console and no request, wherever a link leads."""
    assert browse(shown(), QUIET, link=link) == {"loaded": 0}
    assert sight.complaints == []


@pytest.mark.parametrize(
    "fault",
    [
        "console.info(1);",
        "setTimeout(() => { throw new Error(); });",
        "fetch('https://a.example');",
    ],
)
def test_complaints_are_heard(browse: Browse, sight: Page, fault: str) -> None:
    """What a page says to its console, a fault in it, a request that leads nowhere."""
    browse(shown(), f"{fault} await new Promise((go) => setTimeout(go, 100));")
    assert sight.complaints


def test_hostile_names_run_nowhere(browse: Browse, sight: Page) -> None:
    """Names with markup, formulas and marks that turn text round are shown, on every view."""
    script = """
      let ran = 0;
      window.alert = () => { ran += 1; };
      const wait = () => new Promise((go) => setTimeout(go, 50));
      const choose = document.querySelector("[data-choose=rep]");
      for (const option of [...choose.options].slice(1)) {
        choose.value = option.value;
        choose.dispatchEvent(new Event("change"));
        await wait();
      }
      const name = document.querySelector("#book .book bdi").textContent;
      document.querySelector("[data-live=accounts] td a").click();
      await wait();
      const every = document.querySelectorAll("img, iframe, object, embed, link, base, form");
      const texts = [...document.querySelectorAll("[data-live] bdi")].map((one) => one.textContent);
      return { ran, every: every.length, scripts: document.scripts.length, name, texts,
               card: document.querySelector("#account h3 bdi").textContent,
               handlers: document.querySelectorAll("[onerror], [onload], [onclick]").length };
    """
    told = browse(page(hostile()), script)
    assert sight.complaints == []
    assert (told["ran"], told["every"], told["handlers"]) == (0, 0, 0)
    assert told["scripts"] == 2  # data and the page's own
    assert set(HOSTILE[:6]) <= set(told["texts"])
    assert told["card"] in {*HOSTILE, "a\u2028b" + "x" * 9995}


def test_tables_search_and_sort(browse: Browse) -> None:
    """Moves: b, e and d of tiny, d and e of calm. A search for Bolt leaves b; by revenue 5 first."""
    script = """
      const box = document.querySelector("[data-live=moves]");
      const rows = () => [...box.querySelectorAll("tbody tr")].map((row) => row.cells[1].innerText);
      const count = () => box.querySelector("output").textContent;
      const wait = () => new Promise((go) => setTimeout(go, 20));
      const before = [rows(), count()];
      const find = box.querySelector("input[type=search]");
      find.value = "bolt"; find.dispatchEvent(new Event("input")); await wait();
      const found = [rows(), count()];
      find.value = ""; find.dispatchEvent(new Event("input")); await wait();
      const heads = [...box.querySelectorAll("th button")];
      const revenue = heads.find((one) => one.textContent === "Revenue");
      revenue.click();
      const largest = [rows(), revenue.closest("th").getAttribute("aria-sort")];
      revenue.click();
      const smallest = [rows(), revenue.closest("th").getAttribute("aria-sort")];
      const book = document.querySelector("#books [data-table]");
      book.querySelectorAll("th button")[2].click();
      const sorted = [...book.querySelectorAll("tbody tr")].map((row) => row.cells[0].innerText);
      return { before, found, largest, smallest, sorted };
    """
    told = browse(shown(), script)
    assert told["before"] == [["Bolt b", "Echo e", "Dyne d", "Echo e", "Dyne d"], "5 of 5 moves"]
    assert told["found"] == [["Bolt b"], "1 of 5 moves"]
    assert told["largest"] == [["Bolt b", "Echo e", "Echo e", "Dyne d", "Dyne d"], "descending"]
    assert told["smallest"] == [["Dyne d", "Dyne d", "Echo e", "Echo e", "Bolt b"], "ascending"]
    assert [name.split()[0] for name in told["sorted"]] == ["Lee", "Kim", "r3"]


def test_the_map_switches_and_follows_the_keyboard(browse: Browse, sight: Page) -> None:
    """Today and the plan are different pictures; layers, + and arrows change it, 0 brings it back."""
    script = """
      const box = document.querySelector("[data-live=map]"), canvas = box.querySelector("canvas");
      const wait = () => new Promise((go) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(go)), 20));
      const look = async () => { await wait(); return canvas.toDataURL(); };
      const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
      const [today, plan] = ["today", "plan"].map((when) => box.querySelector(`[data-when=${when}]`));
      const first = await look(), pressed = [today, plan].map((one) => one.getAttribute("aria-pressed"));
      today.click();
      const then = await look(), after = [today, plan].map((one) => one.getAttribute("aria-pressed"));
      const words = box.querySelector("#map-said").textContent;
      plan.click();
      const again = await look();
      const layers = [];
      for (const layer of ["homes", "spokes", "hulls", "moves"]) {
        const check = box.querySelector(`[data-layer=${layer}]`);
        check.click(); layers.push(await look() !== again); check.click();
      }
      press("+"); const near = await look();
      for (const key of ["ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp", "ArrowUp"]) press(key); const moved = await look();
      press("0"); const whole = await look();
      const rep = box.querySelector(".legend button"); rep.click();
      const chosen = await look();
      return { pressed, after, words, same: first === again, other: first !== then, layers,
               near: near !== first, moved: moved !== near, whole: whole === first,
               chosen: chosen !== whole, label: canvas.getAttribute("aria-label") };
    """
    told = browse(shown(), script)
    assert sight.complaints == []
    assert (told["pressed"], told["after"]) == (["false", "true"], ["true", "false"])
    assert told["words"].startswith("5 accounts under today’s books, coloured by the rep")
    changes = {key: told[key] for key in ("same", "other", "near", "moved", "whole", "chosen")}
    assert all(changes.values()), changes
    assert told["layers"] == [True] * 4
    assert told["label"] == "Map of 5 accounts by rep, Tiny"


@pytest.mark.parametrize(
    ("link", "place", "text"),
    [
        ("#rep=r2", "#book .book", "Kim r2"),
        ("#rep=r2&case=calm", "#book .book", "Kim r2"),
        ("#account=e", "#account .book", "Echo e"),
        ("#team=Mia", "#book .team", "Team of Mia"),
    ],
)
def test_links_land(browse: Browse, link: str, place: str, text: str) -> None:
    """A link shows the book, account or team it names, in the case it names."""
    script = f"""
      const found = document.querySelector({place!r});
      return [found && found.querySelector("h3, h4").innerText,
              document.querySelector("[data-live=map] select").selectedOptions[0].textContent,
              document.activeElement.id, scrollY > 0];
    """
    told = browse(shown(), script, link=link)
    case = "Calm" if "case=calm" in link else "Tiny"
    assert told == [text, case, "account" if "account" in link else "book", True]


def test_a_book_tells_what_comes_and_goes(browse: Browse) -> None:
    """r1 in tiny: a stays; d and e come; b goes to Kim and cost 20 if undone. 30 today, 25 then."""
    script = """
      const book = document.querySelector("#book .book");
      const tables = [...book.querySelectorAll("table")].map((table) =>
        [table.caption.textContent, ...[...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))]);
      return { words: book.querySelector(".hint").textContent, tables };
    """
    told = browse(shown(), script, link="#rep=r1")
    assert told["words"] == ("Team of Mia. 1 account stays, 2 come, 1 leaves under Tiny.")
    tables = {name: rows for name, *rows in told["tables"]}
    assert tables["Load by measure"] == [
        ["Accounts", "2", "3", "–", ""],
        ["Revenue", "30", "25", "30", ""],
        ["Use, hours", "75\u00a0%", "62.5\u00a0%", "–", ""],
    ]
    assert tables["Accounts that come, Lee"] == [
        ["Echo e", "r3", "the owner leaves or has left", "–", "10"],
        ["Dyne d", "nobody", "nobody owns it today", "–", "5"],
    ]
    assert tables["Accounts that leave, Lee"] == [
        ["Bolt b", "Kim", "balances revenue", "+20", "20"]
    ]


def test_two_plans_are_told_apart_both_ways(browse: Browse) -> None:
    """Tiny and calm differ in b, e and d; turned round, the columns change sides, not the worth.

    The line above the table says whose rules judge, and whose do not.
    """
    script = """
      const box = document.querySelector("[data-live=differences]");
      const rows = () => [...box.querySelector("tbody").rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
      const [first, second] = box.querySelectorAll("[data-plan]");
      const words = box.querySelector("p").textContent, straight = rows();
      first.value = "1"; first.dispatchEvent(new Event("change"));
      const same = box.querySelector("p").textContent;
      second.value = "0"; second.dispatchEvent(new Event("change"));
      const judge = box.querySelector("h3 + .hint").textContent;
      return { words, straight, same, judge, turned: rows() };
    """
    told = browse(shown(), script)
    assert told["words"] == "Tiny and Calm give 3 accounts to different reps: 35 of revenue."
    assert told["straight"] == [
        ["Bolt b", "Kim", "Lee", "20", "+20"],
        ["Echo e", "Lee", "Kim", "10", "hours forbids it"],
        ["Dyne d", "Lee", "Kim", "5", "hours forbids it"],
    ]
    assert told["same"] == "Choose two different plans."
    assert "the cost of Tiny would change, by its own rules" in told["judge"]
    assert "what it would change for Calm is not counted" in told["judge"]
    assert told["turned"][0] == ["Bolt b", "Lee", "Kim", "20", "+20"]


def test_everything_is_reached_by_the_keyboard(browse: Browse) -> None:
    """Whatever can be used takes the focus, and shows that it has it; what scrolls does so too."""
    script = """
      document.querySelectorAll("details").forEach((one) => { one.open = true; });
      const visible = (one) => one.offsetParent !== null;
      const usable = [...document.querySelectorAll("a[href], button, input, select, summary, canvas[tabindex]")].filter(visible);
      const deaf = [], dim = [];
      for (const one of usable) {
        if (one.disabled) continue;
        one.focus({ preventScroll: true, focusVisible: true });
        if (document.activeElement !== one) deaf.push(one.outerHTML.slice(0, 90));
        else if (getComputedStyle(one).outlineStyle === "none") dim.push(one.outerHTML.slice(0, 90));
      }
      const stuck = [...document.querySelectorAll("*")].filter((one) => visible(one) && /auto|scroll/.test(getComputedStyle(one).overflowX)
        && one.scrollWidth > one.clientWidth + 1 && one.tabIndex < 0 && !one.querySelector("button, a")).map((one) => one.outerHTML.slice(0, 90));
      const tabs = [...document.querySelectorAll("[tabindex]")].filter((one) => one.tabIndex > 0).length;
      return { usable: usable.length, deaf, dim, stuck, tabs };
    """
    told = browse(shown(), script, link="#rep=r1")
    assert told["usable"] > 60
    assert (told["deaf"], told["dim"], told["stuck"], told["tabs"]) == ([], [], [], 0)


FOCUSED = """(() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return { mark: one.dataset.mark ?? null, what: one.outerHTML.slice(0, 90),
           ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
           sight: box.bottom > 0 && box.top < innerHeight };
})()"""


@pytest.mark.parametrize("link", ["", "#rep=r1"])
def test_the_tab_key_reaches_every_control(tmp_path: Path, sight: Page, link: str) -> None:
    """Pressed until the walk is round, Tab stops at all that can be used, in sight and with a ring.

    The order is that of the page. Space and Enter on the map's switch show today's books and the
    plan's.
    """
    sight.open(leads(tmp_path, shown(), link))
    marked = sight.run("""(() => {
      const usable = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
        .filter((one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }));
      usable.forEach((one, at) => { one.dataset.mark = at; });
      return usable.map((one) => one.outerHTML.slice(0, 90));
    })()""")
    stops = around(sight, 3 * len(marked))
    reached = [int(one["mark"]) for one in stops if one["mark"] is not None]
    missed = [marked[at] for at in sorted(set(range(len(marked))) - set(reached))]
    assert missed == []
    top = reached.index(min(reached))
    assert [*reached[top:], *reached[:top]] == sorted(reached)
    assert [one["what"] for one in stops if not one["ring"]] == []
    assert [one["what"] for one in stops if not one["sight"]] == []
    pressed = "[...document.querySelectorAll('[data-live=map] [data-when]')].map((one) => one.ariaPressed)"
    assert sight.run(pressed) == ["false", "true"]
    go_to(sight, "today", len(stops) + 1)
    sight.press(" ")
    assert sight.run(pressed) == ["true", "false"]
    assert sight.run("document.activeElement.dataset.when") == "today"
    sight.press("Tab")
    sight.press("Enter")
    assert sight.run(pressed) == ["false", "true"]


def around(sight: Page, most: int) -> list[dict[str, Any]]:
    """Where each press of Tab leads until the walk begins anew; between end and top is no stop."""
    stops: list[dict[str, Any]] = []
    for _ in range(most):
        sight.press("Tab")
        now = sight.run(FOCUSED)
        if now["what"].startswith("<body"):
            continue
        if stops and now["what"] == stops[0]["what"]:
            return stops
        stops.append(now)
    raise AssertionError(f"Tab does not come round in {most} presses")


def go_to(sight: Page, when: str, most: int) -> None:
    for _ in range(most):
        if sight.run("document.activeElement.dataset.when ?? ''") == when:
            return
        sight.press("Tab")
    raise AssertionError(f"{when} is not reached in {most} presses")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("link", "wide"), [("", 1400), ("#rep=r1", 1400), ("#account=b", 400)])
def test_axe_finds_no_fault(browse: Browse, dark: bool, link: str, wide: int) -> None:
    """Names, roles, contrast of text of at least 4.5 to 1 and more: no violation of WCAG A or AA."""
    text = shown().replace("</body>", f"<script>{AXE.read_text(encoding='utf-8')}</script></body>")
    script = """
      document.querySelectorAll("details").forEach((one) => { one.open = true; });
      const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
      return { dark: matchMedia("(prefers-color-scheme: dark)").matches, passed: found.passes.map((one) => one.id),
               faults: found.violations.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " | " + node.failureSummary.slice(0, 300))]) };
    """
    told = browse(text, script, link=link, dark=dark, wide=wide)
    assert told["faults"] == []
    assert told["dark"] is dark
    assert {"color-contrast", "label", "button-name", "svg-img-alt"} <= set(told["passed"])


def test_no_view_is_wider_than_a_phone(browse: Browse) -> None:
    """At 400 pixels only tables scroll sideways, never the page."""
    script = """
      const wide = [...document.querySelectorAll("main *, header *")].filter((one) => !one.closest(".scroll, svg, .sr, .legend")
        && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 90));
      return { page: document.documentElement.scrollWidth, sight: innerWidth, wide };
    """
    told = browse(shown(), script, link="#rep=r1", wide=400)
    assert told["page"] <= told["sight"]
    assert told["wide"] == []


def test_a_table_that_is_cut_off_says_so(tmp_path: Path, sight: Page) -> None:
    """At 400 pixels the figures go on beyond the edge: a shade, until they are scrolled to the end.

    A table that fits has none.
    """
    shade = "getComputedStyle(document.querySelector('#side .scroll')).boxShadow !== 'none'"
    sight.open(leads(tmp_path, shown()), wide=400)
    assert sight.run(shade) is True
    sight.run("{ const one = document.querySelector('#side .scroll'); one.scrollLeft = 9999; }")
    sight.run(FRAMES)
    assert sight.run(shade) is False
    whole = sight.run("""[...document.querySelectorAll(".scroll")]
      .filter((one) => one.clientWidth && one.scrollWidth <= one.clientWidth)
      .map((one) => one.classList.contains("beyond"))""")
    assert len(whole) > 0
    assert not any(whole)


def test_numbers_are_written_alike_by_page_and_script(browse: Browse) -> None:
    """What the script writes is what the rest of the page would write, to the last digit."""
    values = [
        *(0, 1, -1, 5, -5.25, 0.125, 0.375, 2.5, 1.85, 1.115, 99.995, 999.95, 1234.5, 1235.5),
        *(1234.5678, -0.00012345, 1e-9, 79.35e6, 1.1109e9, 999_999.6, 1e6, -2.5e6, 123456.789),
        *(x / 7 for x in range(-40, 40)),
        *(x * 0.0625 for x in range(200)),
    ]
    shares = [0, 0.0612, 0.99981, 1, -1, 1.58, 0.9999999, 1 / 3, 0.005, 2e-9]
    core = CORE.read_text(encoding="utf-8").replace("location", "window.location")
    script = (
        f"{core}\nreturn {{ amounts: {json.dumps(values)}.map((one) => show(one)), "
        f"counts: {json.dumps(values)}.map((one) => show(one, 'count')), "
        f"shares: {json.dumps(shares)}.map((one) => show(one, 'share')) }};"
    )
    told = browse(shown(), script)
    assert told["amounts"] == [show(value) for value in values]
    assert told["counts"] == [show(value, "count") for value in values]
    assert told["shares"] == [show(value, "share") for value in shares]


def test_a_team_prints_as_a_pack_of_its_own(tmp_path: Path, sight: Page) -> None:
    """The whole report takes several pages; Mia's pack holds a page of the team and one of r1."""
    pages = []
    for link in ("", "#team=Mia"):
        sight.open(leads(tmp_path, shown(), link))
        pages.append(len(re.findall(rb"/Type\s*/Page\b", sight.printed())))
    assert pages[0] >= 4
    assert pages[1] == 2
