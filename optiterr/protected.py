"""Protected personal attributes: column names by which people are not to be matched with accounts.

A name is split into words (``BirthDate``, ``birth_date`` and ``birth date`` are the same) and
refused when it holds one of the words or phrases below. A name never says for sure what a column
holds: a word that also describes companies is let pass beside a word that says so.
"""

from __future__ import annotations

import re

WORDS: dict[str, tuple[str, ...]] = {
    "sex or gender": ("sex", "sexes", "male", "female", "pronoun", "pronouns", "salutation"),
    "sexual orientation": ("lgbt", "lgbtq", "lgbtqi"),
    "age": ("age", "ages", "birth", "birthday", "birthyear", "born", "dob", "yob"),
    "race or ethnic origin": ("race", "racial", "caste", "tribe", "ancestry"),
    "nationality or citizenship": ("citizen", "immigrant", "immigration", "birthplace"),
    "religion or belief": ("faith", "belief", "beliefs", "denomination"),
    "family status": ("married", "marriage", "spouse", "divorced", "children", "parental",
                      "maternity", "paternity"),
    "disability or health": ("disabled", "handicap", "handicapped", "health", "medical", "illness",
                             "disease", "genetic", "genetics"),
    "political opinion": ("political", "politics"),
    "union membership": ("union", "unions"),
    "military status": ("veteran", "veterans"),
}  # fmt: skip
"""Words that are refused, by the attribute that they name."""

PARTS: dict[str, tuple[str, ...]] = {
    "sexual orientation": ("sexual",),
    "sex or gender": ("gender",),
    "age": ("birthdate",),
    "race or ethnic origin": ("ethnic",),
    "nationality or citizenship": ("nationalit", "citizenship"),
    "religion or belief": ("religio",),
    "family status": ("pregnan", "marital"),
    "disability or health": ("disabilit",),
}
"""Parts of words that are refused wherever they stand: they mean nothing else."""

PHRASES: dict[str, tuple[str, ...]] = {
    "nationality or citizenship": ("national origin", "country of origin", "visa status",
                                   "residence permit"),
    "race or ethnic origin": ("mother tongue", "skin colour", "skin color"),
    "family status": ("family status", "family situation", "civil status"),
    "political opinion": ("party membership", "party affiliation"),
    "military status": ("military status", "military service"),
}  # fmt: skip
"""Several words in a row that are refused, by the attribute that they name."""

AMBIGUOUS = frozenset({"age", "ages", "health", "born", "birth", "union", "race", "medical"})
"""Words that describe companies, too: let pass beside a word of BUSINESS."""

BUSINESS = frozenset((
    "account", "accounts", "company", "companies", "customer", "customers", "client", "clients",
    "deal", "deals", "contract", "contracts", "order", "orders", "invoice", "invoices", "debt",
    "receivables", "opportunity", "opportunities", "pipeline", "product", "products", "asset",
    "assets", "equipment", "fleet", "building", "relationship", "lead", "leads", "case", "ticket",
    "business", "firm", "store", "site",
))  # fmt: skip
"""Words that say that a column is about companies."""


def is_protected(name: str) -> str | None:
    """The attribute that a column of this name seems to hold; None when it names none."""
    words = [one.casefold() for one in _split(name)]
    if not BUSINESS.isdisjoint(words):
        words = [one for one in words if one not in AMBIGUOUS]
    text = f" {' '.join(words)} "
    for attribute, parts in PARTS.items():
        if any(part in text.replace(" ", "") for part in parts):
            return attribute
    for refused in (WORDS, PHRASES):
        for attribute, phrases in refused.items():
            if any(f" {phrase} " in text for phrase in phrases):
                return attribute
    return None


def _split(name: str) -> list[str]:
    """The words of a name: parted by anything but letters, and where small ones end."""
    parted = re.sub(r"([a-z])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", name)
    return re.findall(r"[^\W\d_]+", parted)


def refuse(*names: str) -> None:
    """ValueError when people would be compared by a protected attribute."""
    for name in names:
        attribute = is_protected(name)
        if attribute is not None:
            raise ValueError("; ".join(refusal(name, name, attribute)))


def refusal(name: str, written: str, attribute: str) -> tuple[str, str]:
    """What to say of a protected column, and what to use instead.

    ``written`` is its name in the file, where the scenario calls it otherwise.
    """
    also = "" if written == name else f", which is {written!r} in the file,"
    return (
        f"column {name!r}{also} seems to hold {attribute}, and people are not matched by that",
        "use what the work needs: industry, language, education, interests or past results; if "
        "the column is about a company, let its name in the file say so, as in account_age",
    )
