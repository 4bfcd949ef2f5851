"""The tokens of formulas: numbers, names, texts and signs, and where each begins and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from optiterr.measures.tree import Span


class FormulaError(ValueError):
    """A formula cannot be read; the text says what, and after a semicolon how to mend it."""


_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<text>'[^'\n]*'|\"[^\"\n]*\")"
    r"|(?P<sign>\*\*|==|!=|<=|>=|[-+*/<>(),.\[\]])"
)
_HINTS = {
    "=": "write == to compare",
    "^": "write ** for a power",
    "%": "write a share such as 0.05 for 5 %",
    "&": "write and",
    "|": "write or",
    "!": "write not, or != to compare",
    "`": "write account['...'] for a name with blanks",
    "'": "close the quotes",
    '"': "close the quotes",
    "?": "write if(condition, value, other value)",
}


@dataclass(frozen=True)
class Token:
    """A number, a name, a text in quotes, a sign, or the end."""

    kind: str
    text: str
    at: Span


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of ``text``, the end last; FormulaError at what has no meaning."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            fix = _HINTS.get(text[at], "delete it; known: + - * / ** < <= > >= == != ( ) , and or")
            raise FormulaError(f"character {at + 1}: {text[at]!r} has no meaning here; {fix}")
        yield Token(str(found.lastgroup), found[0], found.span())
        at = found.end()
    yield Token("end", "", (at, at))
