"""Acts of a visitor that come to their end, whatever the browser asks for meanwhile.

Streamlit looks for a newer request wherever a page touches its session, within a callback too: the
newer one begins then, and the act is lost. Knows nothing of what the acts do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

P = ParamSpec("P")
T = TypeVar("T")


def uninterrupted(act: Callable[P, T]) -> Callable[P, T]:
    """`act`, begun again where a request interrupts it; the request follows then.

    For acts that may be done twice, and ask for no rerun themselves.
    """

    @wraps(act)
    def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        newer = []
        while True:
            try:
                result = act(*args, **kwargs)
                break
            except RerunException as interruption:
                newer.append(interruption.rerun_data)
        run = get_script_run_ctx(suppress_warning=True)
        for request in newer:
            if run and run.script_requests:
                run.script_requests.request_rerun(request)
        return result

    return whole
