"""How long each phase of some work took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to phase ``name``."""
        begun = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - begun
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 6)
