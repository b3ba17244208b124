"""Stopping a run: once lets go on what is under way and says so, twice stops at once."""

from __future__ import annotations

import logging
import signal

import pytest

from renderkit.dataset.work import StopRequest


def test_stopping_once_is_said_and_twice_stops_at_once(caplog: pytest.LogCaptureFixture) -> None:
    stop = StopRequest()
    with caplog.at_level(logging.WARNING, "renderkit.dataset"):
        stop.notice(signal.SIGINT)
    assert stop.signal == signal.SIGINT
    assert [record.getMessage() for record in caplog.records] == [
        "stopping: what is under way is finished and stored first; once more stops at once"
    ]
    with pytest.raises(KeyboardInterrupt):
        stop.notice(signal.SIGINT)
