"""Key figures: what each one is called, how it is worked out, and which way is better.

A figure belongs to a family and, mostly, speaks of something: ``spread:revenue`` is the family
``spread`` of the measure ``revenue``, ``term:travel`` the cost of the rule ``travel``. The words,
units and directions live here and nowhere else; every report shows what this register says. It is
longer than other modules because it is one table.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from optiterr.pairs import Floats
from optiterr.rowfunctions import TOLERANCE

Better = Literal["up", "down", "none"]
Style = Literal["share", "amount", "count", "seconds"]
Rounded = Literal["nearest", "up", "down"]
Section = Literal["outcome", "moves", "balance", "capacity", "travel", "findings", "effort"]

NEAR = (0.05, 0.10, 0.15)
"""How near the mean a book has to be to be counted as even, as shares of the mean."""

AVERAGE = 1000.0
"""The index of a book is its load as a share of the mean, in such units: the mean has this."""

NONE_LEFT = 1e-9
"""A share that is at most this much is rounding: nothing."""

MISSING = "–"
"""What stands where a figure does not apply."""

_SPACE = "\u00a0"
_MINUS = "\u2212"


class Figure(BaseModel):
    """One key figure: its name, its formula in words, its unit and which way is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(description="family, or family:subject")
    family: str = Field(description="the kind of figure, such as spread")
    subject: str = Field(default="", description="the measure or rule it speaks of; empty for all")
    title: str = Field(description="short name for people")
    meaning: str = Field(description="the formula in words")
    unit: str = Field(default="", description="what one unit is; empty for the unit of prices")
    better: Better = Field(default="none", description="which way is better, when one is")
    style: Style = Field(default="amount", description="how it is written")
    rounded: Rounded = Field(
        default="nearest", description="up for what is at most so much, down for at least"
    )
    section: Section = Field(description="the part of a report it belongs to")
    headline: bool = Field(default=False, description="whether a short report shows it")

    def show(self, value: float | None) -> str:
        """The value as people read it; a dash where the figure does not apply."""
        if value is None:
            return MISSING
        return show(value, self.style, self.rounded)

    def show_change(self, change: float | None) -> str:
        """A difference with its sign; shares differ in percentage points."""
        if change is None:
            return ""
        if self.style == "share":
            return _signed(change * 100, f"{_SPACE}pts")
        for size, word in ((1e9, "bn"), (1e6, "M")):
            if abs(change) >= size:
                return _signed(change / size, f"{_SPACE}{word}")
        return _signed(change, f"{_SPACE}s" if self.style == "seconds" else "")


def show(value: float, style: Style = "amount", rounded: Rounded = "nearest") -> str:
    """A number for people: shares in percent, amounts to four digits, millions as such.

    A share is never rounded to a whole 0 or 100 percent that it does not reach.
    """
    if style == "share":
        if rounded == "up" and 0 < value <= NONE_LEFT:
            value = 0.0
        hundreds = ("100", f"{_MINUS}100")
        texts = (_digits(value * 100, digits, rounded) for digits in range(3, 9))
        text = next((text for text in texts if text not in hundreds or abs(value) == 1), "100")
        return f"{text}{_SPACE}%"
    if style == "seconds":
        return f"{_digits(value, 3, rounded)}{_SPACE}s"
    if style == "count" and value == round(value):
        return _plain(f"{value:,.0f}")
    for size, word in ((1e9, "bn"), (1e6, "M")):
        if abs(value) >= size:
            return f"{_digits(value / size, 4, rounded)}{_SPACE}{word}"
    return _digits(value, 4, rounded)


def _digits(value: float, digits: int, rounded: Rounded = "nearest") -> str:
    """At least ``digits`` significant digits; never fewer than the whole units."""
    if value == 0 or not math.isfinite(value):
        return _plain(f"{value:,.0f}")
    whole = math.floor(math.log10(abs(value))) + 1
    places = min(max(0, digits - whole), 6)
    if rounded != "nearest":
        ways = {"up": math.ceil, "down": math.floor}
        scaled = value * 10**places
        near = round(scaled)
        noise = 1e-6
        value = (near if abs(scaled - near) < noise else ways[rounded](scaled)) / 10**places
    text = f"{value:,.{places}f}"
    return _plain(text.rstrip("0").rstrip(".") if "." in text else text)


def _plain(text: str) -> str:
    """The number with a true minus, and no sign on a zero."""
    if text.strip("-0.,") == "":
        return text.lstrip("-")
    return text.replace("-", _MINUS)


def _signed(value: float, unit: str) -> str:
    text = _digits(value, 3)
    if text.strip("0.") == "":
        return f"±0{unit}"
    return f"{text}{unit}" if text.startswith(_MINUS) else f"+{text}{unit}"


def _family(
    name: str,
    section: Section,
    title: str,
    meaning: str,
    better: Better = "none",
    style: Style = "amount",
    unit: str = "",
    headline: bool = False,
    rounded: Rounded = "nearest",
) -> Figure:
    return Figure(
        key=name,
        family=name,
        title=title,
        meaning=meaning,
        unit=unit,
        better=better,
        style=style,
        section=section,
        headline=headline,
        rounded=rounded,
    )


_ALL = (
    _family(
        "cost",
        "outcome",
        "Cost",
        "What the rules charge for the books: the sum of price times amount over all priced rules.",
        "down",
        headline=True,
    ),
    _family(
        "today_cost",
        "outcome",
        "Today under the same rules",
        "What the rules of this case charge for today's books.",
    ),
    _family(
        "saving",
        "outcome",
        "Saving against today",
        "Cost of today's books under the same rules, less the cost of the plan.",
        "up",
    ),
    _family(
        "saving_share",
        "outcome",
        "Saving against today, share",
        "Saving against today divided by what today's books cost under the same rules.",
        "up",
        "share",
        headline=True,
    ),
    _family(
        "reached",
        "outcome",
        "Possible saving reached, at least",
        "Saving divided by the largest saving that the proved bound leaves open.",
        "up",
        "share",
        rounded="down",
    ),
    _family(
        "bound",
        "outcome",
        "Proved bound",
        "No plan under the rules of this case costs less: recomputed from row prices.",
        rounded="down",
    ),
    _family(
        "gap",
        "outcome",
        "Proved gap",
        "Cost less proved bound, divided by the size of the cost: at most this share is left.",
        "down",
        "share",
        headline=True,
        rounded="up",
    ),
    _family(
        "claimed",
        "outcome",
        "Bound claimed by the solver",
        "The solver's own bound; a claim that was not re-checked.",
    ),
    _family(
        "term",
        "outcome",
        "Cost of {of}",
        "Price of the rule {of} times the amounts of its findings.",
        "down",
    ),
    _family(
        "earned",
        "outcome",
        "Earned by {of}",
        "What all books earn by the response of sales that the rule {of} describes.",
        "up",
    ),
    _family(
        "fit",
        "outcome",
        "Fit by {of}",
        "1 less what is short of the best fit over all accounts served, divided by the best fit of "
        "them all, each with the weight that the rule {of} gives it.",
        "up",
        "share",
    ),
    _family(
        "covered",
        "outcome",
        "Share of {of} served",
        "{Of} of accounts that a rep of the roster serves, divided by the {of} of all accounts.",
        "up",
        "share",
    ),
    _family(
        "owned",
        "moves",
        "{Of} owned by reps who stay",
        "{Of} of accounts whose owner is in the roster and stays: what moves are a share of.",
        unit="{of}",
    ),
    _family(
        "moved",
        "moves",
        "{Of} moved",
        "{Of} of accounts whose owner stays and that go to another rep.",
        "down",
        unit="{of}",
    ),
    _family(
        "moved_share",
        "moves",
        "Share of {of} moved",
        "{Of} moved, divided by the {of} that staying reps own today.",
        "down",
        "share",
    ),
    _family(
        "forced",
        "moves",
        "{Of} moved by force",
        "{Of} of accounts whose owner leaves or has left. Not counted as moved.",
        unit="{of}",
    ),
    _family(
        "assigned",
        "moves",
        "{Of} newly assigned",
        "{Of} of accounts that nobody owns today and that get a rep. Not counted as moved.",
        unit="{of}",
    ),
    _family(
        "unserved",
        "moves",
        "{Of} without a rep",
        "{Of} of accounts that no rep of the roster serves.",
        "down",
        unit="{of}",
    ),
    _family(
        "reps_changed",
        "moves",
        "Reps whose book changes",
        "Reps who stay and gain or lose at least one account.",
        "down",
        "count",
        "reps",
    ),
    _family(
        "worst_loss",
        "moves",
        "Largest share of a book given away",
        "Over reps who stay: accounts lost divided by accounts owned today; the largest.",
        "down",
        "share",
    ),
    _family("total", "balance", "{Of} served", "Sum of {of} over all books.", unit="{of}"),
    _family(
        "mean",
        "balance",
        "Mean {of} per rep",
        "{Of} served divided by the number of reps who stay.",
        unit="{of}",
    ),
    _family("least", "balance", "Smallest book, {of}", "Least {of} of a rep.", unit="{of}"),
    _family("most", "balance", "Largest book, {of}", "Most {of} of a rep.", unit="{of}"),
    _family(
        "spread",
        "balance",
        "Spread of {of}",
        "Largest book less smallest book, divided by the mean.",
        "down",
        "share",
    ),
    _family(
        "variation",
        "balance",
        "Variation of {of}",
        "Coefficient of variation: standard deviation over reps divided by the mean.",
        "down",
        "share",
    ),
    _family(
        "gini",
        "balance",
        "Gini of {of}",
        "Mean difference between two books divided by twice the mean: 0 even, near 1 uneven.",
        "down",
        "share",
    ),
    _family(
        "index_least",
        "balance",
        "Smallest index of {of}",
        "Smallest book divided by the mean, times 1,000: an average book has the index 1,000.",
        "up",
        unit="points",
    ),
    _family(
        "index_most",
        "balance",
        "Largest index of {of}",
        "Largest book divided by the mean, times 1,000: an average book has the index 1,000.",
        "down",
        unit="points",
    ),
    *(
        _family(
            f"within_{near:.0%}".rstrip("%"),
            "balance",
            f"Reps within ±{near:.0%} of the mean {{of}}".replace("%", f"{_SPACE}%"),
            f"Share of reps whose {{of}} is at most {near:.0%} of the mean away from the mean.",
            "up",
            "share",
        )
        for near in NEAR
    ),
    _family(
        "off_target_most",
        "balance",
        "Farthest from target, {of}",
        "Target of the rule {of}: distance from target divided by the target; the largest.",
        "down",
        "share",
    ),
    _family(
        "off_target_mean",
        "balance",
        "Mean distance from target, {of}",
        "Target of the rule {of}: distance from target divided by the target; mean over reps.",
        "down",
        "share",
    ),
    _family(
        "use_mean",
        "capacity",
        "Mean use, {of}",
        "Load divided by the limit of the rule {of}; mean over reps with a limit above 0.",
        style="share",
    ),
    _family(
        "use_most",
        "capacity",
        "Largest use, {of}",
        "Load divided by the limit of the rule {of}; the largest over reps with a limit above 0.",
        "down",
        "share",
    ),
    _family(
        "over_limit",
        "capacity",
        "Reps above limit, {of}",
        "Reps whose load is above the limit of the rule {of}, before any slack.",
        "down",
        "count",
        "reps",
    ),
    _family(
        "travel",
        "travel",
        "Distance to accounts",
        "Great-circle distance from each rep to each account served, one way, added up.",
        "down",
        unit="km",
        headline=True,
    ),
    _family(
        "travel_mean",
        "travel",
        "Mean distance to an account",
        "Distance to accounts divided by the accounts served.",
        "down",
        unit="km",
    ),
    _family(
        "breaches",
        "findings",
        "Hard rules broken",
        "Findings that break a hard rule; a plan has none.",
        "down",
        "count",
        "findings",
        True,
    ),
    _family(
        "found",
        "findings",
        "Findings of {of}",
        "Breaches and priced findings of the rule {of}; notes are not counted.",
        style="count",
        unit="findings",
    ),
    _family(
        "amount",
        "findings",
        "Amount of {of}",
        "Amounts of the breaches and priced findings of the rule {of}, in the unit of its price.",
        "down",
    ),
    _family(
        "seconds",
        "effort",
        "Seconds",
        "Sum of the seconds of all phases.",
        style="seconds",
        unit="s",
        headline=True,
    ),
    _family(
        "pairs",
        "effort",
        "Pairs considered",
        "Account-rep pairs that the solver could pick.",
        style="count",
        unit="pairs",
    ),
    _family(
        "pairs_possible",
        "effort",
        "Pairs possible",
        "Account-rep pairs that any plan may use.",
        style="count",
        unit="pairs",
    ),
)

REGISTER: dict[str, Figure] = {figure.family: figure for figure in _ALL}
"""Every family of figures, in the order in which reports show them."""


def figure(
    family: str, subject: str = "", *, headline: bool | None = None, unit: str = ""
) -> Figure:
    """The figure of a family that speaks of ``subject``; ``accounts`` counts whole accounts."""
    form = REGISTER[family]
    counts = form.unit == "{of}" and subject == "accounts" and family != "mean"

    def fill(text: str) -> str:
        of = subject[:1].upper() + subject[1:]
        return text.replace("{of}", subject).replace("{Of}", of)

    return form.model_copy(
        update={
            "key": f"{family}:{subject}" if subject else family,
            "subject": subject,
            "title": fill(form.title),
            "meaning": fill(form.meaning),
            "unit": unit or fill(form.unit),
            "style": "count" if counts else form.style,
            "headline": form.headline if headline is None else headline,
        }
    )


def balance(load: Floats) -> dict[str, float]:
    """Figures of balance over the loads of reps; ratios to the mean only where it is above 0."""
    if not len(load):
        return {"total": 0.0}
    mean = float(load.mean())
    found = {
        "total": float(load.sum()),
        "mean": mean,
        "least": float(load.min()),
        "most": float(load.max()),
    }
    if mean <= 0:
        return found
    found["spread"] = (found["most"] - found["least"]) / mean
    found["variation"] = float(load.std()) / mean
    if found["least"] >= 0:
        found["gini"] = gini(load)
    found["index_least"] = AVERAGE * found["least"] / mean
    found["index_most"] = AVERAGE * found["most"] / mean
    for near in NEAR:
        inside = np.abs(load - mean) <= near * mean + TOLERANCE * max(1.0, mean)
        found[f"within_{near:.0%}".rstrip("%")] = float(inside.mean())
    return found


def gini(load: Floats) -> float:
    """Gini coefficient of loads that are not negative and not all 0."""
    rank = 2 * np.arange(1, len(load) + 1) - len(load) - 1
    return float((rank * np.sort(load)).sum() / (len(load) * load.sum()))
