"""How a rehearsal proves that it is the one which wrote a note: by the note's secret, which never travels."""

from __future__ import annotations

import hmac
import re

PROOF_PATH = "/rehearsal/proof"
NONCE = re.compile(r"[0-9a-f]{32,128}", re.ASCII)


def proof_of(secret: str, url: str, nonce: str) -> str:
    """The answer to a nonce. It covers the address, so that no other program can have it answered by the real one."""
    return hmac.new(secret.encode(), f"kling-omni rehearsal {url} {nonce}".encode(), "sha256").hexdigest()
