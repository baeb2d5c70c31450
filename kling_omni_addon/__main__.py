"""``python -m kling_omni_addon VERB``."""

import os
import sys

_STOPPED = 6


def _run() -> int:
    try:
        from .command_line.cli import main
    except KeyboardInterrupt:  # Ctrl-C while Python reads the code
        sys.stderr.write("kling: stopped before anything started\n")
        sys.stderr.flush()
        os._exit(_STOPPED)  # Python would end by the signal all the same where Ctrl-C came inside an exec()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_run())
