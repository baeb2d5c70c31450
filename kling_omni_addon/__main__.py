"""``python -m kling_omni_addon VERB``."""

import sys

_STOPPED = 6


def _run() -> int:
    try:
        from .command_line.cli import main
    except KeyboardInterrupt:  # Ctrl-C while Python reads the code
        sys.stderr.write("kling: stopped before anything was begun\n")
        return _STOPPED
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_run())
