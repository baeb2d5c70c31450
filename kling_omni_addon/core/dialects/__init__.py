"""The generations of Kling's API, each a strict codec: bodies, calls and replies (contract sections 4, 6 and 13)."""
