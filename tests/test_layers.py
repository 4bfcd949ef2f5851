"""YAML read strictly with the place of every value, and layers put on top of each other."""

from __future__ import annotations

import math
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optiterr.errors import SpecError
from optiterr.scenario.layers import NOTHING, layer, packaged, set_value, undot
from optiterr.scenario.layers import settings as settings_layer
from optiterr.scenario.tree import Faults, Node, from_python, write
from optiterr.scenario.yamltext import LIMIT_BYTES, decode, parse, read_file


def tree(text: str) -> Node:
    """The tree of ``text``, which must be free of faults."""
    faults = Faults()
    node = parse(text, "a.yaml", faults)
    faults.check()
    return node


def plain(text: str) -> Any:
    return tree(text).plain()


def faults_of(text: str) -> list[str]:
    """Every fault of ``text`` in words."""
    faults = Faults()
    try:
        parse(text, "a.yaml", faults)
        faults.check()
    except SpecError as error:
        return [str(fault) for fault in error.faults]
    return []


def merged(*texts: str) -> Node:
    found = NOTHING
    for text in texts:
        found = layer(found, tree(text))
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("2027-01-31", "2027-01-31"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("017", 17),
        ("0o17", 15),
        ("0xFf", 255),
        ("-12", -12),
        ("+3", 3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        (".5e3", 500.0),
        ("-0.25E-1", -0.025),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("=", "="),
        ("'12'", "12"),
        ('"null"', "null"),
        ("'<<'", "<<"),
        ('"caf\\u00e9"', "café"),
        ("|\n  12\n", "12\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    """Words and numbers of YAML 1.1 stay text; only the core schema of 1.2 is read as values."""
    found = plain(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 401, "0x" + "f" * 300])
def test_numbers_without_end_are_refused(text: str) -> None:
    """Nothing that is not a finite double becomes a number."""
    assert faults_of(f"a: 1\nb: {text}") == [
        f"a.yaml:2:4: {text[:40]} is not a finite number\n"
        "    fix: write a number, or put it in quotes if it is text"
    ]


def test_every_value_knows_its_line_and_column() -> None:
    """A value in a mapping is placed at its key, in a list at itself."""
    top = tree("# comment\na:\n  b: {c: 1, d: [x, yy]}\n")
    found = top.value["a"].value["b"]
    assert str(top.origin) == "a.yaml:2:1"
    assert str(found.origin) == "a.yaml:3:3"
    assert str(found.value["d"].origin) == "a.yaml:3:13"
    assert str(found.value["d"].value[1].origin) == "a.yaml:3:20"


def test_lines_are_counted_alike_with_any_line_end() -> None:
    """Windows and old Mac line ends count as one line each."""
    for end in ("\n", "\r\n", "\r"):
        assert (
            str(tree(f"a: 1{end}b:{end}  c: 2{end}").value["b"].value["c"].origin) == "a.yaml:3:3"
        )


def test_an_alias_is_the_anchored_value_set_where_it_is_used() -> None:
    """What is inside keeps the line of the anchor; the alias has its own."""
    top = tree("a: &x {p: 1}\nb: *x\n")
    assert top.plain() == {"a": {"p": 1}, "b": {"p": 1}}
    assert top.value["b"].origin.line == 2
    assert top.value["b"].value["p"].origin.line == 1


def test_merge_keeps_the_own_keys() -> None:
    """``<<`` takes in the keys of another mapping that are not written here, wherever it stands."""
    assert plain("a: &x {p: 1, q: 2}\nb: {p: 3, <<: *x}\nc: {<<: *x, p: 4}") == {
        "a": {"p": 1, "q": 2},
        "b": {"p": 3, "q": 2},
        "c": {"p": 4, "q": 2},
    }
    assert plain("'<<': 1") == {"<<": 1}
    for text in ("a: {<<: 1}", "a: &x {p: 1}\nb: {<<: *x, <<: *x}", "a: {<<: [{p: 1}]}"):
        assert "<< takes in one mapping" in faults_of(text)[0]


def test_lesser_faults_are_all_told_at_once() -> None:
    """Duplicate keys, tags, odd keys and endless numbers of one file come in one error."""
    found = faults_of("a: 1\na: 2\nb: !x 3\n4: c\n? [d]\n: e\nf: .inf\n")
    assert [one.splitlines()[0] for one in found] == [
        "a.yaml:2:1: 'a' is set twice; first in line 1",
        "a.yaml:3:4: the tag !x is not used here",
        "a.yaml:4:1: the key is 4, not text",
        "a.yaml:5:3: the key is a list or mapping, not text",
        "a.yaml:7:4: .inf is not a finite number",
    ]


def test_aliases_cannot_nest_deeper_than_written_out() -> None:
    """A chain of aliases counts as deep as the value it stands for."""
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))
    assert "nested deeper than 40" in faults_of(text)[0]


def test_nesting_is_limited() -> None:
    """Forty levels are read, more are refused rather than overflowing."""
    assert plain("[" * 39 + "]" * 39)
    assert faults_of("[" * 5000)[0].startswith("a.yaml:1:42: nested deeper than 40")


def test_bytes_must_be_utf8_text() -> None:
    """A byte order mark is skipped; other encodings, NUL bytes and large files are refused."""
    assert decode(b"\xef\xbb\xbfa: 1", "f") == "a: 1"
    for data, words in (
        ("a: 1".encode("utf-16"), "f: is written in UTF-16"),
        ("a: 1".encode("utf-32"), "f: is written in UTF-16 or UTF-32"),
        (b"a: 1\nb: \0", "f:2: has a NUL byte"),
        (b"a: 1\nb: \xe9", "f:2: byte 0xe9 is not UTF-8"),
        (b" " * (LIMIT_BYTES + 1), "f: is larger than 512 KiB"),
    ):
        with pytest.raises(SpecError) as caught:
            decode(data, "f")
        assert str(caught.value).startswith(words)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    """A file that is not there, a folder, and a name that no system takes are told apart."""
    (tmp_path / "calm.yaml").write_text("a: 1")
    for name, words in (
        ("clam.yaml", "there is no such file\n    fix: did you mean 'calm.yaml'?"),
        ("", "is a folder, not a file"),
        ("x" * 5000, "there is no such file"),
        ("\0", "there is no such file"),
    ):
        with pytest.raises(SpecError) as caught:
            read_file(tmp_path / name, "f", Faults())
        assert str(caught.value).startswith(f"f: {words}")


def test_layers_merge_mappings_and_replace_the_rest() -> None:
    """Leaves and lists are replaced as a whole, new keys follow the old ones."""
    found = merged("a: {p: 1, q: [1, 2]}\nb: 2", "c: 5\na: {q: [3], r: 4}\nb: {x: 1}")
    assert found.plain() == {"a": {"p": 1, "q": [3], "r": 4}, "b": {"x": 1}, "c": 5}
    assert list(found.value) == ["a", "b", "c"]


def test_each_value_keeps_the_origin_of_its_layer() -> None:
    """What a later layer leaves alone still points to the first file."""
    faults = Faults()
    low, high = parse("a: {p: 1, q: 2}", "low", faults), parse("\na: {q: 3}", "high", faults)
    found = layer(low, high).value["a"]
    assert (str(found.value["p"].origin), str(found.value["q"].origin)) == ("low:1:5", "high:2:5")


def test_a_rule_of_another_kind_replaces_the_old_one() -> None:
    """Settings of a balance mean nothing to a capacity; without a kind, or the same, they merge."""
    base = "r: {kind: balance, within: 0.1}"
    assert merged(base, "r: {kind: capacity}").plain() == {"r": {"kind": "capacity"}}
    both = {"r": {"kind": "balance", "within": 0.1, "price": 2}}
    assert merged(base, "r: {price: 2}").plain() == both
    assert merged(base, "r: {kind: balance, price: 2}").plain() == both


def test_null_removes_and_is_dead_where_nothing_is() -> None:
    """A null over a value is alive; over nothing or a null it is dead, and names the nearest."""
    found = merged("rules: {travel: 1, moves: 2}", "rules: {travel: null, travle: null}").value
    assert found["rules"].value["travel"].value is None
    assert found["rules"].value["travel"].dead is None
    assert found["rules"].value["travle"].dead == "did you mean 'travel'? or delete this line"
    again = merged("a: 1\nb: 2", "a: null", "a: null").value["a"]
    assert again.dead == "delete this line; there is b"
    assert merged("a: 1", "a: {b: null}").value["a"].value["b"].dead == "delete this line"


def test_a_value_may_return_after_it_was_removed() -> None:
    """What comes after a null starts afresh."""
    assert merged("a: {p: 1}", "a: null", "a: {q: 2}").plain() == {"a": {"q": 2}}


def test_a_setting_is_read_like_yaml() -> None:
    """Scalars, flow lists and mappings; the setting itself is the origin."""
    base = tree("rules: {balance: {within: 0.2}}")
    found = set_value(base, "rules.balance.within=0.1").value["rules"].value["balance"]
    assert found.plain() == {"within": 0.1}
    assert str(found.value["within"].origin) == "--set rules.balance.within=0.1"
    for text, value in (
        ("[a, 1]", ["a", 1]),
        ("{x: no}", {"x": "no"}),
        ("null", None),
        ("'a=b'", "a=b"),
        (" b = c ", "b = c"),
    ):
        assert settings_layer([f"k={text}"]).plain() == {"k": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules.balance.within", "is no setting"),
        ("=1", "is no setting"),
        ("a..b=1", "is no setting"),
        ("a=", "is no setting"),
        ("a=[1", "the value cannot be read: "),
        ("a=.nan", ".nan is not a finite number"),
        ("a={b: 1, b: 2}", "'b' is set twice"),
        ("a=# b", "the value cannot be read: the file is empty"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(text: str, words: str) -> None:
    """The fault names the whole setting, as it was typed."""
    with pytest.raises(SpecError) as caught:
        settings_layer([text])
    assert words in str(caught.value)
    assert f"--set {text}" in str(caught.value)


def test_settings_may_not_contradict_each_other() -> None:
    """Two settings of one place, or of a place and what is inside it, are a fault."""
    assert settings_layer(["a.b=1", "a.c=2"]).plain() == {"a": {"b": 1, "c": 2}}
    for texts in (["a.b=1", "a.b=1"], ["a.b=1", "a=2"], ["a=2", "a.b=1"]):
        with pytest.raises(SpecError) as caught:
            settings_layer(texts)
        assert f"set twice; before by --set {texts[0]}" in str(caught.value)


def test_dotted_keys_spread_into_mappings() -> None:
    """Only keys at the top of a patch are places; below, a dot is part of the key."""
    faults = Faults()
    found = undot(tree("a.b.c: 1\na: {d.e: 2}"), faults)
    assert not faults
    assert found.plain() == {"a": {"b": {"c": 1}, "d.e": 2}}


def test_models_and_scenarios_are_found() -> None:
    """The folders that come with the package exist in this installation."""
    assert packaged("models").is_dir()
    assert packaged("scenarios").is_dir()


# Trees of one shape: each name stands for a leaf or for a mapping in all of them.
def shapes(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    leaf = st.one_of(st.integers(-9, 9), st.text(string.ascii_letters, max_size=3), st.booleans())
    below = leaf if depth == 0 else shapes(depth - 1)
    return st.fixed_dictionaries(
        {}, optional={"a": leaf, "b": st.lists(leaf, max_size=2), "m": below, "n": below}
    )


def node(value: Any) -> Node:
    return from_python(value, Faults())


@settings(max_examples=60, deadline=None)
@given(shapes(), shapes(), shapes())
def test_layers_can_be_grouped_at_will(a: Any, b: Any, c: Any) -> None:
    """Without nulls and changes of kind or shape, the order of putting together is free."""
    left = layer(layer(node(a), node(b)), node(c)).plain()
    assert left == layer(node(a), layer(node(b), node(c))).plain()


@settings(max_examples=40, deadline=None)
@given(shapes())
def test_a_layer_upon_itself_or_upon_nothing_changes_nothing(a: Any) -> None:
    """Saying the same twice is saying it once."""
    assert layer(NOTHING, node(a)).plain() == a
    assert layer(node(a), node(a)).plain() == a
    assert layer(node(a), NOTHING).plain() == a


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(
        ["no", "1:30", "null", "~", ".5e3", "0o17", "<<", "a: b", "- a", "# x", "a "]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@example({"<<": None})
@example({"a": "\ufeff\x85\u2028\x7f", "": [{}, [], [[]]], "null": {"~": -0.0}})
@given(st.dictionaries(st.text(max_size=6), values, max_size=4))
def test_what_is_written_reads_back(value: dict[str, Any]) -> None:
    """Any value goes to YAML text and back unchanged, types and signs included."""
    found = plain(write(value))
    assert found == value
    assert repr(found) == repr(value)


def test_from_python_refuses_what_no_file_can_hold() -> None:
    """Objects, endless numbers, keys that are not text, and values that hold themselves."""
    loop: list[Any] = []
    loop.append(loop)
    faults = Faults()
    from_python({"a": object(), "b": math.nan, "c": {1: 2}, "d": loop, "e": 10**5000}, faults)
    with pytest.raises(SpecError) as caught:
        faults.check()
    assert [fault.where.split(".")[0] for fault in caught.value.faults] == list("abcde")
