"""How workers share the tests: each has whole modules, and one of two has all of the page.

No other starts the servers that the page's tests share, nor a browser for them.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadFileScheduling

PAGE: Final = "tests/app/"


class Modules(LoadFileScheduling):
    """`--dist loadfile`, with the modules of the page as one where there are two workers."""

    def _split_scope(self, nodeid: str) -> str:
        if self.numnodes == 2 and nodeid.startswith(PAGE):
            return PAGE
        return str(super()._split_scope(nodeid))
