"""Colours of reps on a map: neighbours look unlike each other, to colour-blind readers too."""

from __future__ import annotations

from functools import cache

import numpy as np

from optiterr.pairs import Floats

PALETTE = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#0000ee"),
    *("#442200", "#440066", "#cc0044", "#2266ee", "#aaaa66", "#662244", "#aa0088"),
    *("#4400aa", "#882200", "#228888", "#cc6666", "#006622", "#cc66ee"),
)
"""Twenty colours that stand out from a light ground: six of Okabe and Ito's, then those that are
farthest from the ones before, to readers of every sight."""

# What red-, green- and fully sighted readers see of linear red, green and blue, at full severity
# (Machado, Oliveira and Fernandes, 2009).
_SIGHTS = (
    np.eye(3),
    np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
)


@cache
def apart() -> Floats:
    """How unlike each two colours of the palette are to the sight that tells them least apart."""
    return np.asarray(np.min([_distance(_lab(sight)) for sight in _SIGHTS], axis=0))


def _lab(sight: Floats) -> Floats:
    """The palette in the CIELAB space as a reader of that sight sees it."""
    rgb = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in PALETTE]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ sight.T, 0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = seen @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def _distance(points: Floats) -> Floats:
    return np.asarray(np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)))


def colours(x: Floats, y: Floats) -> list[str]:
    """A colour for each rep with the middle of its accounts at (x, y); NaN where it has none.

    Up to twenty reps get colours of their own; of more, those far from each other share one. The
    nearer two reps are, the more unlike their colours. The same places give the same colours.
    """
    count = len(x)
    unlike = apart()
    chosen = np.full(count, -1)
    size = max(float(np.nanmax(x) - np.nanmin(x)), 1.0) if np.isfinite(x).any() else 1.0
    used = np.zeros(len(PALETTE), dtype=int)
    spare = np.arange(len(PALETTE)) >= max(8, count)
    for at in np.lexsort((y, x)):
        done = np.flatnonzero(chosen >= 0)
        way = np.hypot(x[done] - x[at], y[done] - y[at])
        near = 1 / (np.where(np.isfinite(way), way, size) / size + 0.03) ** 2
        clash = 1 / (unlike[:, chosen[done]] / 20 + 0.15) ** 2
        cost = clash @ near + 1e-9 * np.arange(len(PALETTE))
        if count <= len(PALETTE):
            cost = np.where((used > 0) | spare, np.inf, cost)
        chosen[at] = int(cost.argmin())
        used[chosen[at]] += 1
    return [PALETTE[one] for one in chosen]
