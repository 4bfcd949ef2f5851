"""Units of measures: words, their products and quotients, and what may be mixed with what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, StringConstraints

WORDS = ("hours", "days", "currency", "count", "km", "points", "share")
"""The usual units; any other word is a unit of its own. A share is a plain number."""

PLAIN_WORDS = ("share", "1")
_PART = re.compile(r"\s*([*/]?)\s*(1|[^\W\d]\w*)(?:\^([0-9]{1,2}))?\s*")


@dataclass(frozen=True)
class Unit:
    """A product of powers of words, sorted by word; without any it is a plain number."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    @classmethod
    def of(cls, text: str) -> Unit:
        """The unit that ``text`` such as ``hours/count`` means; ValueError says how to write it."""
        found, at = PLAIN, 0
        while at < len(text) or not at:
            part = _PART.match(text, at)
            if part is None or bool(part[1]) != bool(at):
                raise ValueError(
                    f"{text!r} is no unit; write a word such as {', '.join(WORDS)}, "
                    "or words with * and / between them, as in hours/count"
                )
            one = PLAIN if part[2] in PLAIN_WORDS else cls(((part[2], Fraction(1)),))
            one = one.power(Fraction(int(part[3] or 1)))
            found = found.over(one) if part[1] == "/" else found.times(one)
            at = part.end()
        return found

    def times(self, other: Unit) -> Unit:
        """The unit of a product."""
        powers = dict(self.powers)
        for word, power in other.powers:
            powers[word] = powers.get(word, Fraction(0)) + power
        return Unit(tuple(sorted((word, power) for word, power in powers.items() if power)))

    def over(self, other: Unit) -> Unit:
        """The unit of a quotient."""
        return self.times(other.power(Fraction(-1)))

    def power(self, exponent: Fraction) -> Unit:
        """The unit of a power."""
        if not exponent:
            return PLAIN
        return Unit(tuple((word, power * exponent) for word, power in self.powers))

    def __str__(self) -> str:
        above = [_raised(word, power) for word, power in self.powers if power > 0]
        below = [_raised(word, -power) for word, power in self.powers if power < 0]
        if not above and not below:
            return "share"
        return "/".join(["*".join(above) or "1", *below])


def _raised(word: str, power: Fraction) -> str:
    return word if power == 1 else f"{word}^{power}"


PLAIN = Unit()
"""The unit of shares and other plain numbers."""


@dataclass(frozen=True)
class Undeclared:
    """The unit of something made of columns of which nothing says what they are in.

    ``names`` are those columns and measures, ``places`` where the unit of each is declared.
    """

    names: tuple[str, ...]
    places: tuple[str, ...]

    def and_(self, other: Undeclared) -> Undeclared:
        """What is made of both."""
        return Undeclared(
            tuple(dict.fromkeys(self.names + other.names)),
            tuple(dict.fromkeys(self.places + other.places)),
        )


Quantity: TypeAlias = Unit | Undeclared | None
"""What is known of a unit: it, that it is undeclared, or None for a number that takes any."""


def product(left: Quantity, right: Quantity, over: bool = False) -> Quantity:
    """The unit of a product, or of a quotient with ``over``; a number written out is plain."""
    if isinstance(left, Undeclared) and isinstance(right, Undeclared):
        return left.and_(right)
    for one in (left, right):
        if isinstance(one, Undeclared):
            return one
    if left is None and right is None:
        return None
    first, second = left or PLAIN, right or PLAIN
    assert isinstance(first, Unit)
    assert isinstance(second, Unit)
    return first.over(second) if over else first.times(second)


def raised(base: Quantity, exponent: Fraction) -> Quantity:
    """The unit of a power."""
    return base.power(exponent) if isinstance(base, Unit) else base


def alike(left: Quantity, right: Quantity) -> Quantity:
    """The unit of both sides of a sum or a comparison; ValueError when they do not go together.

    Its text says what, and after a semicolon how to mend it.
    """
    if left is None or right is None:
        return right if left is None else left
    if isinstance(left, Undeclared) and isinstance(right, Undeclared):
        return left.and_(right)
    if isinstance(left, Undeclared) or isinstance(right, Undeclared):
        known, other = (right, left) if isinstance(left, Undeclared) else (left, right)
        assert isinstance(other, Undeclared)
        names = " and ".join(repr(name) for name in other.names)
        raise ValueError(
            f"one side is in {known}, and nothing says what {names} "
            f"{'is' if len(other.names) == 1 else 'are'} in; "
            f"declare the unit: {', '.join(other.places)}"
        )
    if left != right:
        raise ValueError(
            f"{left} and {right} do not go together; bring both to one unit, "
            f"for example with * unit(2, '{left.over(right)}') behind what is in {right}"
        )
    return left


def _checked(text: str) -> str:
    Unit.of(text)
    return text


UnitText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_checked)]
"""A unit as written: ``hours``, ``currency``, ``hours/count``."""
