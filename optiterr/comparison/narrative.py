"""A comparison in words: sentences made of text and of the figures they quote."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from optiterr.comparison.case import Case
from optiterr.comparison.figures import NONE_LEFT, show


class Part(BaseModel):
    """A piece of a sentence: plain text, or a figure of a case as it is quoted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(description="the words")
    case: str = Field(default="", description="case whose figure is quoted; empty for plain text")
    figure: str = Field(default="", description="key of the figure")
    today: bool = Field(default=False, description="quoted of today's books under its rules")


class Sentence(BaseModel):
    """What is said about one case, or about all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str = Field(default="", description="the case spoken of; empty for all")
    aside: bool = Field(default=False, description="whether it qualifies what the others say")
    parts: tuple[Part, ...] = Field(description="its words, in order")

    @property
    def text(self) -> str:
        """The sentence without its references."""
        return "".join(part.text for part in self.parts)


def story(cases: Sequence[Case], today: Case) -> tuple[Sentence, ...]:
    """What each case does, which plans stand out, and what has to be known beside."""
    solved = [case for case in cases if "cost" in case.values]
    return (
        *(_told(case) for case in cases),
        *_span(solved, today.lead),
        *_extremes(solved, today.lead),
        *_sure(solved),
        *_left_out(solved),
    )


def standing(case: Case) -> str:
    """How good the plan of a case is known to be, in a few words."""
    if case.is_today:
        return "as it is"
    if "cost" not in case.values:
        return {"infeasible": "no plan is possible", "no_solution": "no plan found in time"}.get(
            case.status, "no plan"
        )
    gap = case.values.get("gap")
    if gap is None:
        return "nothing proved"
    among = " of the pairs considered" if case.proved == "considered" else ""
    if gap <= NONE_LEFT:
        return f"proved best{among}"
    return f"proved within {show(gap, 'share', 'up')}{among}"


def _quote(case: Case, key: str, *, today: bool = False) -> Part:
    values = case.today_values if today else case.values
    form = next(one for one in case.figures if one.key == key)
    return Part(text=form.show(values[key]), case=case.name, figure=key, today=today)


def _told(case: Case) -> Sentence:
    if "cost" not in case.values:
        return Sentence(case=case.name, parts=tuple(_no_plan(case)))
    clauses = _moves(case)
    for key, falls, rises in (
        (f"spread:{case.lead}", "brings", "raises"),
        ("travel", "cuts", "raises"),
    ):
        clauses += _from_to(case, key, falls, rises)
    parts = [Part(text=f"{case.title} ")]
    for place, clause in enumerate(clauses):
        if place:
            parts.append(Part(text=" and " if place == len(clauses) - 1 else ", "))
        parts += clause
    return Sentence(case=case.name, parts=(*parts, Part(text="."), *_cost(case)))


def _no_plan(case: Case) -> list[Part]:
    words = {
        "infeasible": "has no plan: no assignment keeps all of its hard rules.",
        "unbounded": "has no plan: its cost has no lower end.",
        "no_solution": "has no plan: none was found in time; there may be one.",
    }
    parts = [Part(text=f"{case.title} {words.get(case.status, 'has no plan: the solve failed.')}")]
    if case.blocking:
        parts.append(Part(text=f" {case.blocking[0].message.rstrip('.')}."))
    return parts


def _moves(case: Case) -> list[list[Part]]:
    share = f"moved_share:{case.lead}"
    moved = case.values["moved:accounts"]
    if moved == 0:
        clauses = [[Part(text="moves no account of a rep who stays")]]
    else:
        parts = [
            Part(text="moves "),
            _quote(case, "moved:accounts"),
            Part(text=_plural(moved)),
        ]
        if share in case.values:
            parts += [Part(text=" ("), _quote(case, share), Part(text=f" of {case.lead})")]
        clauses = [parts]
    for key, words in (
        ("forced:accounts", " whose rep leaves"),
        ("assigned:accounts", " that nobody owned"),
    ):
        if case.values[key]:
            ending = Part(text=_plural(case.values[key]) + words)
            clauses.append([Part(text="places "), _quote(case, key), ending])
    return clauses


def _plural(count: float) -> str:
    return " account" if count == 1 else " accounts"


def _from_to(case: Case, key: str, falls: str, rises: str) -> list[list[Part]]:
    if key not in case.values or key not in case.today_values:
        return []
    form = next(one for one in case.figures if one.key == key)
    what = form.title[:1].lower() + form.title[1:]
    now, then = form.show(case.values[key]), form.show(case.today_values[key])
    unit = Part(text=f" {form.unit}" if form.unit and form.style != "share" else "")
    if now == then:
        return [[Part(text=f"leaves the {what} at "), _quote(case, key), unit]]
    verb = falls if case.values[key] < case.today_values[key] else rises
    return [
        [
            Part(text=f"{verb} the {what} from "),
            _quote(case, key, today=True),
            Part(text=" to "),
            _quote(case, key),
            unit,
        ]
    ]


def _cost(case: Case) -> list[Part]:
    parts = []
    broken = case.today_values.get("breaches", 0)
    saved = case.values.get("saving_share")
    if saved is not None and show(abs(saved), "share") != show(0, "share"):
        dear = "less" if saved > 0 else "more"
        parts += [
            Part(text=" By its own rules it costs "),
            Part(text=show(abs(saved), "share"), case=case.name, figure="saving_share"),
            Part(text=f" {dear} than today's books"),
        ]
    else:
        parts += [Part(text=" By its own rules it costs "), _quote(case, "cost")]
    parts += [*_left(case), Part(text=".")]
    if broken:
        parts += [
            Part(text=" Today's books break its hard rules in "),
            _quote(case, "breaches", today=True),
            Part(text=" place." if broken == 1 else " places."),
        ]
    return parts


def _left(case: Case) -> list[Part]:
    gap = case.values.get("gap")
    among = " among the pairs considered" if case.proved == "considered" else ""
    if gap is None:
        return [Part(text="; how much better is possible is not proved")]
    if gap <= NONE_LEFT:
        return [Part(text=f"; nothing better is possible{among}")]
    return [
        Part(text="; at most "),
        _quote(case, "gap"),
        Part(text=f" better is possible{among}"),
    ]


def _span(cases: Sequence[Case], lead: str) -> list[Sentence]:
    """What all the plans change and buy, from the one that does least to the one that does most."""
    share, saved = f"moved_share:{lead}", "saving_share"
    if len(cases) < 2 or not all(share in case.values for case in cases):
        return []
    parts = [Part(text=f"The {len(cases)} plans move "), *_ends(cases, share)]
    parts.append(Part(text=f" of {lead}"))
    if all(case.values.get(saved, -1.0) >= 0 for case in cases):
        parts += [Part(text=" and cost "), *_ends(cases, saved)]
        parts.append(Part(text=" less than today's books, each by its own rules"))
    return [Sentence(parts=(*parts, Part(text=".")))]


def _ends(cases: Sequence[Case], key: str) -> list[Part]:
    """The least and the most of a figure; once where they read alike, the most above nothing."""
    order = sorted(cases, key=lambda case: case.values[key])
    least, most = (_quote(case, key) for case in (order[0], order[-1]))
    if least.text == most.text:
        return [least]
    if order[0].values[key] == 0:
        return [Part(text="up to "), most]
    return [least, Part(text=" to "), most]


def _extremes(cases: Sequence[Case], lead: str) -> list[Sentence]:
    """Which plan moves least, is most even, travels least: said only of one plan each.

    A plan that moves nothing is what it says it is: it is no news that none moves less.
    """
    if len(cases) < 2:
        return []
    said: dict[str, list[str]] = {}
    for key, words in (
        (f"moved_share:{lead}", f"moves the least {lead}"),
        (f"spread:{lead}", f"spreads {lead} most evenly"),
        ("travel", "is nearest to its accounts"),
    ):
        known = sorted((case for case in cases if key in case.values), key=lambda c: c.values[key])
        if key.startswith("moved_share") and known and known[0].values[key] == 0:
            continue
        if len(known) == len(cases) and known[0].values[key] < known[1].values[key]:
            said.setdefault(known[0].title, []).append(words)
    if not said:
        return []
    clauses = [f"{title} {_and(words)}" for title, words in said.items()]
    return [Sentence(parts=(Part(text=f"Of these plans {'; '.join(clauses)}."),))]


def _sure(cases: Sequence[Case]) -> list[Sentence]:
    """How near the best all the plans are known to be: the farthest of them speaks for all."""
    known = [case for case in cases if "gap" in case.values]
    if len(cases) < 2 or not known:
        return []
    worst = max(known, key=lambda case: case.values["gap"])
    every, alone = len(known) == len(cases), len(known) == 1
    some = f"{len(known)} of the {len(cases)} plans"
    own = "its" if alone else "their"
    among = " among the pairs considered" if any(c.proved == "considered" for c in known) else ""
    if worst.values["gap"] <= NONE_LEFT:
        if every:
            some = "Both plans" if len(cases) == 2 else f"All {len(cases)} plans"
        verb = "is" if alone else "are"
        text = f"{some} {verb} proved to be the best possible under {own} own rules{among}."
        return [Sentence(parts=(Part(text=text),))]
    if every:
        whose = "neither plan" if len(cases) == 2 else f"none of the {len(cases)} plans"
        start, own = f"It is proved that {whose} could cost more than ", "its"
    else:
        start = f"It is proved that {some} could not cost more than "
    ending = Part(text=f" less under {own} own rules{among}.")
    return [Sentence(parts=(Part(text=start), _quote(worst, "gap"), ending))]


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _left_out(cases: Sequence[Case]) -> list[Sentence]:
    """Accounts without a rep today, which make today's books look cheap: once for equal counts."""
    key = "unserved:accounts"
    told: dict[float, Case] = {}
    for case in cases:
        if case.today_values.get(key):
            told.setdefault(case.today_values[key], case)
    return [
        Sentence(
            aside=True,
            parts=(
                Part(text="Today " if len(told) == 1 else f"In the data of {case.title}, today "),
                _quote(case, key, today=True),
                Part(
                    text=f"{_plural(count)} {'has' if count == 1 else 'have'} no rep of the "
                    "roster: what today's books are said to cost and to travel is without them."
                ),
            ),
        )
        for count, case in told.items()
    ]
