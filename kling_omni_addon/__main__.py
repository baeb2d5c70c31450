"""``python -m kling_omni_addon VERB``."""

import signal
import sys

_STOPPED = 6


def _run() -> int:
    try:
        from .command_line.cli import main
    except KeyboardInterrupt:  # Ctrl-C while Python reads the code
        sys.stderr.write("kling: stopped before anything started\n")
        return _STOPPED
    return main(sys.argv[1:])


if __name__ == "__main__":
    code = _run()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said: a Ctrl-C while Python ends must not change the code
    exec("")  # Python ends by the signal if Ctrl-C came inside an exec(), even if it was caught, unless one follows
    sys.exit(code)
