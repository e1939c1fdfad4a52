"""The command that serves the page, with the options and the theme it is meant to be seen with.

Knows Streamlit's options, not Streamlit: importing this is cheap, for the command line's sake.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).with_name("main.py")

# A config.toml is read from the working directory only: everything goes along as options.
SERVER_FLAGS: Final = (
    *("--server.headless", "true"),
    *("--server.fileWatcherType", "none"),
    *("--browser.gatherUsageStats", "false"),
    *("--client.toolbarMode", "minimal"),
    *("--client.showErrorDetails", "none"),  # tracebacks go to the log, not to the page
    *("--theme.baseRadius", "0.5rem"),
    *("--theme.light.primaryColor", "#b4460f"),
    *("--theme.light.backgroundColor", "#fffdfa"),
    *("--theme.light.secondaryBackgroundColor", "#f5f0e9"),
    *("--theme.light.textColor", "#2a2420"),
    *("--theme.light.borderColor", "#e2d9cd"),
    *("--theme.dark.primaryColor", "#f0935a"),
    *("--theme.dark.backgroundColor", "#161412"),
    *("--theme.dark.secondaryBackgroundColor", "#221f1c"),
    *("--theme.dark.textColor", "#efe9e2"),
    *("--theme.dark.borderColor", "#3b3630"),
)


def server_command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command line that serves the page at `host`:`port`.

    The page opens the library that RECOLLECT_LIBRARY names in the environment of that process.
    """
    address = ["--server.address", host, "--server.port", str(port)]
    return [sys.executable, "-m", "streamlit", "run", str(PAGE), *address, *SERVER_FLAGS]
