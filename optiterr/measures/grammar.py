"""The grammar of formulas: text in, a tree of numbers, names and operations out; nothing is run.

It is one class, and longer than others, because each rank of operations asks for the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from optiterr.errors import meant
from optiterr.measures.functions import ARGUMENTS, USAGE
from optiterr.measures.tokens import FormulaError, Token, tokens_of
from optiterr.measures.tree import (
    COMPARISONS,
    DISTANCE,
    Call,
    Chain,
    Distance,
    Formula,
    Name,
    Node,
    Number,
    Span,
    Text,
    is_condition,
    maybe_missing,
)
from optiterr.units import Unit

LONGEST = 2_000
"""Characters of a formula."""
DEEPEST = 50
"""How deep brackets and calls may be nested."""
MOST_POWER = 10
"""The largest exponent."""
MOST_DIGITS = 12
"""Decimals that round may keep."""

TABLES: dict[str, Literal["accounts", "reps", "pairs"]] = {
    "account": "accounts",
    "rep": "reps",
    "pair": "pairs",
}


@lru_cache(maxsize=4096)
def parse(text: str) -> Formula:
    """The formula that ``text`` means; FormulaError when it means none. Nothing is evaluated."""
    if len(text) > LONGEST:
        raise FormulaError(
            f"the formula has {len(text):,} characters, more than {LONGEST:,}; "
            "split it into several measures"
        )
    reader = _Reader(text)
    tree = reader.number(reader.expression())
    reader.end()
    return Formula(text, tree)


class _Reader:
    """Reads one formula from left to right, operations of higher rank first."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens_of(text))
        self.next = 0
        self.depth = 0

    # ------------------------------------------------------------------------------ tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self, *texts: str) -> str | None:
        """The next token if it is one of these signs or words."""
        token = self.token
        if token.text not in texts or token.kind not in ("sign", "name"):
            return None
        self.next += 1
        return token.text

    def expect(self, sign: str, what: str) -> None:
        if self.take(sign) is None:
            raise self.stuck(f"{sign!r} is missing {what}", f"write {sign!r} here")

    def stuck(self, what: str, fix: str, at: int | None = None) -> FormulaError:
        where = self.token.at[0] if at is None else at
        return FormulaError(f"character {where + 1}: {what}; {fix}")

    def end(self) -> None:
        if self.token.kind != "end":
            what = f"{self.token.text!r} cannot follow what stands before it"
            raise self.stuck(what, "put + - * / or a comparison between the two, or delete it")

    def span(self, first: Node) -> Span:
        return first.at[0], self.tokens[self.next - 1].at[1]

    # ------------------------------------------------------------------------------- ranks

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.stuck(f"nested deeper than {DEEPEST}", "split it into several measures")
        found = self.joined("or", self.all_of)
        self.depth -= 1
        return found

    def all_of(self) -> Node:
        return self.joined("and", self.negated)

    def joined(self, word: str, inner: Callable[[], Node]) -> Node:
        parts = [inner()]
        while self.take(word):
            parts.append(inner())
        if len(parts) == 1:
            return parts[0]
        conditions = tuple(self.condition(part) for part in parts)
        return Call(word, conditions, self.span(parts[0]))

    def negated(self) -> Node:
        begin = self.token.at[0]
        turns = len(list(iter(lambda: self.take("not"), None)))
        inner = self.comparison()
        if not turns:
            return inner
        truth = self.condition(inner)
        return Call("not", (truth,), (begin, inner.at[1])) if turns % 2 else truth

    def comparison(self) -> Node:
        first, rest = self.run(COMPARISONS, self.sum)
        if not rest:
            return first
        sides = [first, *(part for _, part in rest)]
        if any(isinstance(side, Text) for side in sides):
            return self.with_text(sides, [op for op, _ in rest])
        return Chain(
            self.number(first), tuple((op, self.number(part)) for op, part in rest),
            self.span(first),
        )  # fmt: skip

    def with_text(self, sides: list[Node], ops: list[str]) -> Node:
        """A column compared with text in quotes."""
        names = [side for side in sides if isinstance(side, Name)]
        texts = [side for side in sides if isinstance(side, Text)]
        if ops[0] not in ("==", "!=") or len(names) != 1 or len(texts) != 1 or len(sides) != 2:
            raise self.stuck(
                "text is compared with one column, by == or !=",
                "write it as segment == 'Enterprise'", sides[0].at[0],
            )  # fmt: skip
        name = self.cells_of(names[0], "text")
        return Call(ops[0], (name,), self.span(sides[0]), texts[0].value)

    def sum(self) -> Node:
        return self.chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self.chain(("*", "/"), self.signed)

    def chain(self, signs: tuple[str, ...], inner: Callable[[], Node]) -> Node:
        first, rest = self.run(signs, inner)
        if not rest:
            return first
        parts = tuple((op, self.number(part)) for op, part in rest)
        return Chain(self.number(first), parts, self.span(first))

    def run(
        self, signs: tuple[str, ...], inner: Callable[[], Node]
    ) -> tuple[Node, list[tuple[str, Node]]]:
        first = inner()
        rest: list[tuple[str, Node]] = []
        while op := self.take(*signs):
            rest.append((op, inner()))
        return first, rest

    def signed(self) -> Node:
        begin = self.token.at[0]
        signs = list(iter(lambda: self.take("-", "+"), None))
        inner = self.power()
        if not signs:
            return inner
        value = self.number(inner)
        if signs.count("-") % 2 == 0:
            return value
        return Call("-", (value,), (begin, inner.at[1]))

    def power(self) -> Node:
        base = self.atom()
        if self.take("**") is None:
            return base
        minus = self.take("-") is not None
        token = self.token
        exponent = float(token.text) if token.kind == "number" else math.nan
        if not 0 < exponent <= MOST_POWER:
            what = f"an exponent is a number of at most {MOST_POWER}, and not 0"
            raise self.stuck(what, "write it out, as in x ** 2 or x ** -0.5")
        self.next += 1
        if self.token.text == "**":
            raise self.stuck("a power of a power", "multiply the two exponents")
        return Call("**", (self.number(base),), self.span(base), -exponent if minus else exponent)

    # ------------------------------------------------------------------------------- atoms

    def atom(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.next += 1
            if not math.isfinite(value := float(token.text)):
                raise self.stuck(
                    f"{token.text} is too large", "write a smaller number", token.at[0]
                )
            return Number(value, token.at)
        if token.kind == "text":
            self.next += 1
            return Text(token.text[1:-1], token.at)
        if self.take("("):
            inner = self.expression()
            self.expect(")", "behind what the bracket opens")
            return replace(inner, at=(token.at[0], self.tokens[self.next - 1].at[1]))
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            self.next += 1
            return self.named(token)
        what = (
            "the formula ends too early" if token.kind == "end" else f"{token.text!r} stands alone"
        )
        raise self.stuck(what, "write a number, a column or a function here")

    def named(self, token: Token) -> Node:
        word = token.text
        if self.take("("):
            return self.call(token)
        if word in TABLES:
            return self.column(token)
        if word == DISTANCE:
            return Distance(token.at)
        if self.token.text == "." and self.token.kind == "sign":
            fix = meant(word, TABLES, f"write one of {', '.join(TABLES)} before the dot")
            raise self.stuck(f"{word!r} is no table", fix, token.at[0])
        return Name("accounts", word, token.at)

    def column(self, table: Token) -> Node:
        """``rep.quota`` or ``rep['Quota 2027']``."""
        bracket = self.take("[") is not None
        if not bracket and self.take(".") is None:
            what = f"{table.text!r} is a table, not a number"
            raise self.stuck(what, f"write a column of it, as in {table.text}.revenue", table.at[0])
        token = self.token
        if token.kind != ("text" if bracket else "name"):
            wanted = "a name in quotes" if bracket else "the name of a column"
            raise self.stuck(
                f"{wanted} is missing",
                f"write {table.text}.revenue, or {table.text}['Revenue 2027']",
            )
        self.next += 1
        name = token.text[1:-1] if bracket else token.text
        if not name.strip():
            raise self.stuck("the name is empty", "write a column's name", token.at[0])
        if bracket:
            self.expect("]", "behind the name")
        return Name(TABLES[table.text], name, (table.at[0], self.tokens[self.next - 1].at[1]))

    def call(self, token: Token) -> Node:
        word, begin = token.text, token.at[0]
        if word not in USAGE:
            fix = meant(word, USAGE, f"known functions: {', '.join(USAGE)}")
            raise self.stuck(f"there is no function {word!r}", fix, begin)
        parts: list[Node] = []
        if self.token.text != ")" or self.token.kind != "sign":
            parts.append(self.expression())
            while self.take(","):
                parts.append(self.expression())
        if self.take(")") is None:
            raise self.stuck(
                f"')' is missing behind what {word} is given",
                "write ')' here; between { and } put a formula with a comma in quotes",
            )
        least, most = ARGUMENTS[word]
        if not least <= len(parts) <= most:
            wanted = str(least) if least == most else f"{least} or more" if most > 9 else "1 or 2"
            what = f"{word} is given {len(parts)}, and takes {wanted}"
            raise self.stuck(what, f"write {USAGE[word]}", begin)
        return self.called(word, parts, (begin, self.tokens[self.next - 1].at[1]))

    def called(self, word: str, parts: list[Node], at: Span) -> Node:
        if word == "unit":
            text = parts[1]
            if not isinstance(text, Text):
                raise self.stuck("a unit is text", f"write {USAGE[word]}", text.at[0])
            try:
                unit = Unit.of(text.value)
            except ValueError as error:
                raise FormulaError(f"character {text.at[0] + 1}: {error}") from error
            return Call(word, (self.number(parts[0]),), at, unit)
        if word == "round" and len(parts) == 2:
            digits = parts[1]
            if not isinstance(digits, Number) or digits.value not in range(MOST_DIGITS + 1):
                what = f"round keeps 0 to {MOST_DIGITS} decimals"
                raise self.stuck(what, f"write {USAGE[word]}", digits.at[0])
            return Call(word, (self.number(parts[0]),), at, digits.value)
        if word == "if":
            condition, *values = parts
            return Call(word, (self.condition(condition), *map(self.number, values)), at)
        numbers = tuple(map(self.number, parts))
        if word == "coalesce":
            numbers = (*map(maybe_missing, numbers[:-1]), numbers[-1])
        return Call(word, numbers, at)

    # ------------------------------------------------------------------------------- sorts

    def number(self, node: Node) -> Node:
        """``node``, which must be a number."""
        if isinstance(node, Text):
            fix = f"write account['{node.value}'] for the column of that name"
            raise self.stuck("text is no number", fix, node.at[0])
        if is_condition(node):
            fix = "write if(condition, 1, 0) to count where it holds"
            raise self.stuck("a condition is no number", fix, node.at[0])
        return node

    def condition(self, node: Node) -> Node:
        """``node``, which must hold or not; a bare name is a column of true and false."""
        if isinstance(node, Name):
            return self.cells_of(node, "flag")
        if not is_condition(node):
            raise self.stuck("a number is no condition", "compare it, as in x > 0", node.at[0])
        return node

    def cells_of(self, name: Name, kind: Literal["text", "flag"]) -> Name:
        """``name`` read as text, or as true and false."""
        if name.table == "pairs":
            fix = "compare it with a number, as in pair.score > 0"
            raise self.stuck("a column of pairs is a number", fix, name.at[0])
        return replace(name, kind=kind)
