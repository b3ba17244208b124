"""Checks of a capture before its views are scored: which conventions does it follow where its dataset does not say?"""

from renderkit.pipeline.checks.registry import check_capture
from renderkit.pipeline.checks.subject import CheckBudget

__all__ = ["CheckBudget", "check_capture"]
