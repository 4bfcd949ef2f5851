"""Affinity: how near a rep is to an account in trade, language, size, interests and results."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from optiterr.measures import Measure
from optiterr.measures.features import Closeness, Equal, Matrix, Word
from optiterr.measures.mixing import Told, UnitOf
from optiterr.measures.winrate import WinRate
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.protected import refuse
from optiterr.units import PLAIN, Quantity

AnyFeature = Annotated[Equal | Closeness | Matrix | WinRate, Field(discriminator="kind")]


class Affinity(Measure):
    """A number from 0 to 1 for each account and rep: the weighted mean of their features.

    Features are data about work and interests. Protected personal attributes are refused.
    """

    algebra: ClassVar[str] = r"\frac{1}{\sum_k w_k} \sum_k w_k\, f_{ijk}"

    kind: Literal["affinity"] = "affinity"
    features: dict[Word, AnyFeature] = Field(
        min_length=1, description="features by name, each of a kind and with a weight"
    )

    @field_validator("features")
    @classmethod
    def _none_is_protected(cls, features: dict[str, AnyFeature]) -> dict[str, AnyFeature]:
        for name, feature in features.items():
            refuse(name, *(one.name for one in feature.reads()))
        return features

    @property
    def is_of_pairs(self) -> bool:
        return True

    def reads(self) -> tuple[Column, ...]:
        return tuple(
            dict.fromkeys(one for feature in self.features.values() for one in feature.reads())
        )

    def compared(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.table, one.name) for one in self.reads())

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        return PLAIN

    def at(self, problem: Problem, account: Any, rep: Any) -> Floats:
        total = np.zeros(len(account))
        for feature in self.features.values() if len(account) else ():
            total += feature.weight * feature.seen(problem, account, rep).value
        return total / self._weight

    def notes(self, problem: Problem) -> tuple[str, ...]:
        return tuple(
            f"feature {name!r}: {note}"
            for name, feature in self.features.items()
            for note in feature.notes(problem)
        )

    def contributions(self, problem: Problem, account: Any, rep: Any) -> pd.DataFrame:
        """What each feature adds to the affinity of pairs given by positions: a row for each.

        ``value`` is from 0 to 1, ``weight`` the feature's share of all weights, ``contribution``
        their product; those of a pair add up to its affinity. ``sample`` is the number of past
        opportunities behind the value, missing where it is no estimate.
        """
        account, rep = np.asarray(account), np.asarray(rep)
        parts = []
        for name, feature in self.features.items() if len(account) else ():
            seen, weight = feature.seen(problem, account, rep), feature.weight / self._weight
            parts.append(
                pd.DataFrame(
                    {
                        "account_id": problem.account_ids[account],
                        "rep_id": problem.rep_ids[rep],
                        "feature": name,
                        "value": seen.value,
                        "weight": weight,
                        "contribution": weight * seen.value,
                        "sample": pd.array(
                            [None] * len(rep) if seen.sample is None else seen.sample, "Int64"
                        ),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))

    @property
    def _weight(self) -> float:
        return sum(feature.weight for feature in self.features.values())


COLUMNS = ("account_id", "rep_id", "feature", "value", "weight", "contribution", "sample")
"""Columns of the table of contributions."""
