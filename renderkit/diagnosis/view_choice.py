"""Which of several explanations fits the views best, and is the difference more than chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.wording import counted

CLEAR_STANDARD_ERRORS = 2.0
"""A margin of fewer standard errors than this is not decided."""

MIN_VIEWS = 3
"""With fewer views than this the standard error is not reliable."""


@dataclass(frozen=True, eq=False)
class ViewChoice:
    """Candidates scored in the same views, compared view by view.

    Attributes:
        candidates: Their names.
        scores: (C, N) score of every candidate in every view, larger is better; NaN where not computable.
        best: The candidate with the largest mean over the views that all candidates have; None without such a view.
        runner_up: The next one; None with a single candidate.
        margin: Mean over views of the best's score minus the runner-up's; NaN without either.
        margin_standard_error: Standard error of `margin` over views; NaN with fewer than `MIN_VIEWS`.
        num_views: Views that all candidates have.
        num_won: Views in which the best beats the runner-up.
        min_share: Share of the runner-up's disagreement, 1 - score, that the best must do away with.
    """

    candidates: tuple[str, ...]
    scores: FloatArray
    best: str | None
    runner_up: str | None
    margin: float
    margin_standard_error: float
    num_views: int
    num_won: int
    min_share: float = 0.0

    @property
    def decided(self) -> bool:
        """Whether the margin is positive and at least two standard errors, over at least three views.

        The standard error takes views for independent. Where an error of the subject is common to all of them, a small
        margin is sure and says nothing: `min_share` asks that the choice also explains the disagreement.
        """
        # Fewer views have no standard error: NaN, which no margin reaches.
        return (
            self.margin > 0.0
            and self.margin >= CLEAR_STANDARD_ERRORS * self.margin_standard_error
            and (not self.min_share or self.share >= self.min_share)
        )

    @property
    def share(self) -> float:
        """Share of the runner-up's disagreement that the best does away with; NaN without either."""
        if self.best is None or self.runner_up is None:
            return float("nan")
        left = 1.0 - self.mean(self.runner_up)
        return self.margin / left if left > 0.0 else float("nan")

    def mean(self, candidate: str) -> float:
        """Return a candidate's mean score over the views that all candidates have; NaN without such a view."""
        common = self.scores[:, np.isfinite(self.scores).all(axis=0)]
        return float(common[self.candidates.index(candidate)].mean()) if common.shape[1] else float("nan")

    def __str__(self) -> str:
        """Say it in one line."""
        if self.best is None:
            return "not testable: no view scores all candidates"
        verdict = "" if self.decided else ", not decided"
        return (
            f"{self.best} ({self.mean(self.best):.4f}) against {self.runner_up}: margin {self.margin:+.4f} "
            f"+/- {self.margin_standard_error:.4f}, better in {self.num_won} of "
            f"{counted(self.num_views, 'view')}{verdict}"
        )


def choose_by_views(candidates: tuple[str, ...], scores: FloatArray, *, min_share: float = 0.0) -> ViewChoice:
    """Compare candidates by their scores in the same views.

    Args:
        candidates: C names.
        scores: (C, N), larger is better; views where any is NaN are left out.
        min_share: See `ViewChoice`; for scores up to 1.

    Raises:
        ValueError: If the shape does not fit.
    """
    table = frozen(as_array(scores, np.float64, (len(candidates), None), "scores"))
    common = table[:, np.isfinite(table).all(axis=0)]
    num_views = common.shape[1]
    nan = float("nan")
    if not num_views or not candidates:
        return ViewChoice(candidates, table, None, None, nan, nan, 0, 0)
    order = np.argsort(-common.mean(axis=1), kind="stable")
    if len(candidates) == 1:
        return ViewChoice(candidates, table, candidates[0], None, nan, nan, num_views, num_views)
    difference = common[order[0]] - common[order[1]]
    error = float(difference.std(ddof=1) / np.sqrt(num_views)) if num_views >= MIN_VIEWS else nan
    return ViewChoice(
        candidates,
        table,
        candidates[order[0]],
        candidates[order[1]],
        float(difference.mean()),
        error,
        num_views,
        int(np.count_nonzero(difference > 0.0)),
        min_share,
    )
