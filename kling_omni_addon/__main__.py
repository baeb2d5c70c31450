"""``python -m kling_omni_addon VERB``."""

import sys

from .command_line.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
