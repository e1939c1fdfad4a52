"""Writes what became of a shard's files; a file whose row cannot be written costs only itself.

Knows which exceptions blame a row. Reads no file.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from clipcore.messages import N_
from indexer.faults import ends_the_run, reason
from indexer.records.photos import NEVER_READ
from indexer.store.outcomes import Outcome
from indexer.store.store import Store

log = logging.getLogger(__name__)


def recorded(store: Store, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes as the store has them: in one transaction, else one by one.

    Raises what ends the run, and the first error where not a single row of several is written.
    """
    try:
        _write(store, outcomes)
    except Exception as error:
        if ends_the_run(error):
            raise
        log.warning("%d rows cannot be written at once: %r", len(outcomes), error)
        tried = [_alone(store, outcome) for outcome in outcomes]
        if len(tried) > 1 and not any(written for _, written in tried):
            raise
        return tuple(outcome for outcome, _ in tried)
    return tuple(outcomes)


def _alone(store: Store, outcome: Outcome) -> tuple[Outcome, bool]:
    """The outcome, or the file's failure, and whether one of them is written."""
    try:
        _write(store, [outcome])
    except Exception as error:  # noqa: BLE001 - reason() raises what is no fault of the row
        why = reason(error, N_("cannot be recorded: {why}"))
    else:
        return outcome, True
    failed = replace(
        outcome, found=outcome.found._replace(stat=NEVER_READ), content=None, error=why
    )
    try:
        _write(store, [failed])
    except Exception as error:  # noqa: BLE001 - see above
        log.error(
            "%s: %s", outcome.found.path, reason(error, N_("its failure cannot be recorded: {why}"))
        )
        return failed, False
    return failed, True


def _write(store: Store, outcomes: Sequence[Outcome]) -> None:
    store.ingest.record(outcomes, missing=[outcome.left for outcome in outcomes if outcome.left])
