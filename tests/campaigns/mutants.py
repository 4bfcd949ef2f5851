"""Damage: random changes of a scenario's text, of its tree, and of the cells of its tables."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable
from typing import Any

Place = tuple[str | int, ...]
Tree = dict[str, Any]

BITS: tuple[bytes, ...] = (
    b"\t", b"\0", b"\xff", b": ", b"- ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!x ", b"!!",
    b"%YAML 1.1\n", b"---\n", b"...\n", b"?", b">", b"|", b"'", b'"', b"\\", b"\n", b"\r", b"#",
    b"<<: ", b"null", b".inf", b".nan", b"1e999", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"@", b"`",
    b"~", b"=", b"%", b"\xc2\x85", b"0x", b"!<tag:x> ", b'"\\x', b"rules:", b">-0\n", b'"\\ud800"',
    b'"\\U00110000"', b'"\\0"', b"..", b"kind: cost", b"yes", b"1_000", b"0o17", b"-", b"+", b"e9",
    b"where: ", b"price: -1\n", b"\xf0\x9f\x92\xa5", b"1:30", b"2027-02-30", b"8 %",
)  # fmt: skip
"""What is put into text."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e-320, 1e15, 1e300, -1e300, 10**25, 2**63, "", " ",
    "x", "8%", "8 %", "1e5", "1,000", "(5)", "nan", "inf", "yes", "no", "null", "all", "accounts",
    "revenue", "workload", "account_id", "rep_id", "owner_id", "ü€💥", "a\nb", "\u202e", "a" * 3000,
    "today", "90 days", "-999999 years", "999999 years", "2026-13-45", "9999-12-31", "0001-01-01",
    "2027-02-30", "20270101", "2027-W01-1", "../../etc/passwd", "/dev/null", ".", "$x", "{0}",
    "%s", [], [None], [[]], ["x", 1, None], [1, 2], {}, {"": 1}, {"x": {}}, {"kind": "cost"},
    {"not": {}}, {"any": []}, {"between": [5, 1]}, {"between": [1]}, {"before": "yesterday"},
    {"at_least": "5"}, {"is": []}, {"has": ""}, {"has": " "}, {"is_null": "x"}, {"not": None},
    {"before": "999999 years"}, {"after": 5}, {"at_most": None}, {"segment": "gold"},
    {"revenue": {"at_least": 1, "before": "today"}}, "hours", "currency", "hours/count", "share",
)  # fmt: skip
"""What stands where something else is asked for."""

FORMULAS = (
    "__import__('os').system('x')", "1 / 0", "((((((1))))))", "(" * 60 + "1" + ")" * 60,
    "x ** 99", "2 ** 2 ** 2", "revenue / (tier - tier)", "log(0)", "exp(1000)", "sqrt(-1)", "1e400",
    "rep", "pair.", "''", "revenue revenue", "not revenue", "if(revenue, 1, 2)", "if(1, 2)",
    "account['']", "rep['no such']", "unit(revenue, 'hours')", "distance_km", "min()", "- - - 1",
    "revenue + distance_km", "round(1.5, 99)", "revenue == 'x'", "segment == 'x'", "1 < 2 < 3",
    "account.revenue.x", "coalesce(revenue, revenue)", "revenue * 1e308 * 1e308", "0", "ü",
    "lambda: 0", "revenue if tier else 0", "a" * 3000, "accounts", "revenue; 1", "nan", "inf",
)  # fmt: skip

CELLS: tuple[Any, ...] = (
    None, "", " ", "n/a", "NaN", "inf", "-inf", "1e999", "8%", "8 %", "$5", "1,000", "1.000,5",
    "(5)", "5-", "--5", "0x10", "1_0", "٣", "TRUE", "yes", "maybe", True, False, 0, -1, 1e308,
    -1e308, 10**20, 0.1, 1e-300, "2027-02-30", "31.12.2026", "2027-1-1", "9999-12-31",
    "0001-01-01", "2026-01-01T00:00:00", "a;b;;c", ";", "a:b:c", "x:1e9", "x:-1", "ü€💥", "a\nb",
    "\u00a0", "x" * 2000, "acme", "ann", "gone", "nobody", "leaver", "Vacancy", "backfill", [], {},
)  # fmt: skip
"""What stands in cells of tables."""


def damaged(text: bytes, rng: random.Random) -> bytes:
    """``text`` with up to three random changes: bits put in, bytes changed, cut or repeated."""
    data = bytearray(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(7)
        if change == 0:
            data[at:at] = rng.choice(BITS)
        elif change == 1:
            data[at : at + 3] = rng.choice(BITS)
        elif change == 2:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 3:
            del data[at : at + rng.randint(1, 20)]
        elif change == 4:
            first = rng.randrange(len(data) + 1)
            data[at:at] = data[first : first + rng.randint(1, 40)]
        else:
            _line(data, rng, change == 5)
    return bytes(data)


def _line(data: bytearray, rng: random.Random, again: bool) -> None:
    """Repeat a line, or move it by two blanks."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return
    at = rng.randrange(len(lines))
    if again:
        lines.insert(rng.choice((at, rng.randrange(len(lines)))), lines[at])
    else:
        lines[at] = b"  " + lines[at] if rng.random() < 0.5 else lines[at][2:]
    data[:] = b"".join(lines)


# ------------------------------------------------------------------------------------------- trees


def changed(tree: Tree, rng: random.Random) -> Tree:
    """A copy of a scenario's tree with one to three changes of random kinds."""
    found = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change: Callable[[Tree, random.Random], None] = rng.choice(CHANGES)
        change(found, rng)
    return found


def places(tree: Any, place: Place = ()) -> list[Place]:
    """Every place in a tree but the top."""
    inner = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    found: list[Place] = []
    for key, child in inner:
        found += [(*place, key), *places(child, (*place, key))]
    return found


def at(tree: Any, place: Place) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def put(tree: Any, place: Place, value: Any) -> None:
    at(tree, place[:-1])[place[-1]] = value


def _somewhere(tree: Tree, rng: random.Random) -> Place:
    """A random place: rarely a cell of a record, of which there are most."""
    known = places(tree)
    rest = [one for one in known if "records" not in one]
    return rng.choice(rest if rest and rng.random() < 0.85 else known or [("name",)])


def _replace(tree: Tree, rng: random.Random) -> None:
    put(tree, _somewhere(tree, rng), copy.deepcopy(rng.choice(ODD)))


def _number(tree: Tree, rng: random.Random) -> None:
    numbers = [
        place for place in places(tree)
        if isinstance(at(tree, place), int | float) and not isinstance(at(tree, place), bool)
    ]  # fmt: skip
    if numbers:
        place = rng.choice(numbers)
        value = at(tree, place)
        turned = (-value, value * 1e6, value * 1e300, value + 0.1, 0, str(value), value * 1000)
        put(tree, place, rng.choice(turned))


def _delete(tree: Tree, rng: random.Random) -> None:
    place = _somewhere(tree, rng)
    del at(tree, place[:-1])[place[-1]]


def _rename(tree: Tree, rng: random.Random) -> None:
    """Misspell a key, or name one twice in another case."""
    place = _somewhere(tree, rng)
    home, key = at(tree, place[:-1]), place[-1]
    if isinstance(key, str):
        cut = rng.randrange(len(key) + 1)
        ways = (key[:cut] + key[cut + 1 :], key.upper(), key + " ", f"{key}s", key[:cut] + "ü", "")
        home[rng.choice(ways)] = home.pop(key) if rng.random() < 0.7 else home[key]


def _more(tree: Tree, rng: random.Random) -> None:
    """A key that nobody knows, or that is known elsewhere."""
    homes = [(), *(place for place in places(tree) if isinstance(at(tree, place), dict))]
    key = rng.choice(("x", "price", "where", "where_rep", "by", "kind", "measure", "limit", "most"))
    at(tree, rng.choice(homes))[key] = copy.deepcopy(rng.choice(ODD))


def _swap(tree: Tree, rng: random.Random) -> None:
    """Exchange two values of one mapping or list: two sections, two settings, two rows."""
    place = _somewhere(tree, rng)
    home = at(tree, place[:-1])
    other = rng.choice(list(home) if isinstance(home, dict) else range(len(home)))
    home[place[-1]], home[other] = home[other], home[place[-1]]


def _graft(tree: Tree, rng: random.Random) -> None:
    value = copy.deepcopy(at(tree, _somewhere(tree, rng)))
    put(tree, _somewhere(tree, rng), value)


def _nest(tree: Tree, rng: random.Random) -> None:
    """Wrap a value many times."""
    place = _somewhere(tree, rng)
    value = at(tree, place)
    for _ in range(rng.choice((1, 2, 19, 21, 45))):
        value = rng.choice(([value], {"all": [value]}, {"not": value}))
    put(tree, place, value)


def _repeat(tree: Tree, rng: random.Random) -> None:
    lists = [place for place in places(tree) if isinstance(at(tree, place), list)]
    if lists:
        one = at(tree, rng.choice(lists))
        one[:] = rng.choice(([], one * 2, one[:1], list(reversed(one))))


def _column(tree: Tree, rng: random.Random) -> None:
    """A text that names something names something else."""
    texts = [
        place for place in places(tree)
        if "records" not in place and isinstance(at(tree, place), str)
    ]  # fmt: skip
    names = {str(place[-1]) for place in places(tree) if isinstance(place[-1], str)}
    put(tree, rng.choice(texts or [("name",)]), rng.choice(sorted(names)))


def _cell(tree: Tree, rng: random.Random) -> None:
    cells = [place for place in places(tree) if len(place) > 2 and place[-3] == "records"]
    for _ in range(rng.choice((1, 1, 2, 6)) if cells else 0):
        put(tree, rng.choice(cells), copy.deepcopy(rng.choice(CELLS)))


def _same_cell(tree: Tree, rng: random.Random) -> None:
    """A cell that holds what another one holds: ids twice, parents in circles, wrong owners."""
    cells = [place for place in places(tree) if len(place) > 2 and place[-3] == "records"]
    if cells:
        put(tree, rng.choice(cells), at(tree, rng.choice(cells)))


def _formula(tree: Tree, rng: random.Random) -> None:
    measures = tree.get("measures")
    if isinstance(measures, dict) and measures:
        name = rng.choice(sorted(map(str, measures)))
        other = rng.choice([*sorted(map(str, measures)), "revenue"])
        texts = (*FORMULAS, other, f"{other} * 2", f"pair.{other}", f"rep.{other}", f"{name} + 1")
        measures[rng.choice((name, "more"))] = {"kind": "formula", "formula": rng.choice(texts)}


def _contradict(tree: Tree, rng: random.Random) -> None:
    """Rules that cannot hold together, or hardly."""
    rules = tree.get("rules")
    if not isinstance(rules, dict):
        return
    accounts = [
        row.get("account_id", row.get("id"))
        for row in _rows(tree, "accounts") if isinstance(row, dict)
    ]  # fmt: skip
    reps = [
        row.get("rep_id", row.get("id")) for row in _rows(tree, "reps") if isinstance(row, dict)
    ]
    account, rep = rng.choice(accounts or ["a"]), rng.choice(reps or ["r"])
    lock = {"account": account, "rep": rep}
    rules[f"more-{rng.randrange(9)}"] = rng.choice(
        (
            {"kind": "locks", "keep": [lock], "forbid": [lock]},
            {"kind": "locks", "keep": [{"account": one, "rep": rep} for one in accounts]},
            {"kind": "together", "by": "segment"},
            {"kind": "apart", "by": "segment"},
            {"kind": "apart", "group": "family"},
            {"kind": "capacity", "measure": "accounts", "limit": 0},
            {"kind": "mix", "at_least": 99},
            {"kind": "mix", "at_least": 2, "at_most": 1},
            {"kind": "disruption", "max_share": 0, "of": "revenue"},
            {"kind": "span", "by": "manager", "at_least": 9},
            {"kind": "pool", "price": 0, "max_amount": -1},
            {"kind": "pool", "price": 1e308},
            {"kind": "protect", "where": {"segment": "no such"}},
            {"kind": "balance", "measure": "revenue", "within": 0, "where": {"segment": "no such"}},
            {"kind": "capacity", "measure": "accounts", "limit": 1e308, "price": 1e308},
            {"kind": "coverage", "where": {"segment": "gold"}},
        )
    )


def _rows(tree: Tree, table: str) -> list[Any]:
    try:
        found = tree["data"][table]["records"]
    except (KeyError, TypeError, IndexError):
        return []
    return found if isinstance(found, list) else []


CHANGES: tuple[Callable[[Tree, random.Random], None], ...] = (
    _replace, _replace, _replace, _number, _number, _delete, _rename, _more, _more, _swap, _graft,
    _nest, _repeat, _column, _column, _cell, _cell, _cell, _cell, _same_cell, _same_cell, _formula,
    _contradict, _contradict,
)  # fmt: skip


def text_of(tree: Any) -> str:
    """YAML of a tree on one line, keys and texts in quotes, numbers as YAML writes them."""
    if isinstance(tree, dict):
        inner = ", ".join(
            f"{json.dumps(str(key), ensure_ascii=False)}: {text_of(one)}"
            for key, one in tree.items()
        )
        return "{" + inner + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(text_of, tree)) + "]"
    if isinstance(tree, float) and not math.isfinite(tree):
        return ".nan" if math.isnan(tree) else ".inf" if tree > 0 else "-.inf"
    return json.dumps(tree, ensure_ascii=False)


def damaged_table(data: bytes, rng: random.Random) -> bytes:
    """A delimited file with some cells changed, or damaged like any text."""
    if rng.random() < 0.3:
        return damaged(data, rng)
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 2, 5))):
        row = rng.randrange(len(lines))
        cells = lines[row].split(b",")
        cell = str(rng.choice([one for one in CELLS if isinstance(one, str | int | float)]))
        cells[rng.randrange(len(cells))] = cell.replace("\n", " ").replace(",", ";").encode()
        lines[row] = b",".join(cells)
    return b"\n".join(lines)
