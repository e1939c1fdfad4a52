"""Trials in a process of their own; `test_choice.py` has what follows from their failure."""

from __future__ import annotations

import logging

import pytest

from clipcore.families.text_trials import try_text_engines

pytestmark = pytest.mark.slow


def test_trials_that_fail_are_reported_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    try_text_engines("ViT-B-23")
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "trials for ViT-B-23 have failed" in warning.message
    assert "ModelNotFound" in warning.message
