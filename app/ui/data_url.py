"""Small pictures inside a page."""

from __future__ import annotations

import base64


def jpeg_url(jpeg: bytes) -> str:
    """JPEG bytes as a data URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
