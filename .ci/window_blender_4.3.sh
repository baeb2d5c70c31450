#!/bin/bash
# As window_blender.sh, but the oldest windowed Blender that can be had here: 4.3, which has the interfaces of 4.2.
GB_SUITE=trixie exec "$(dirname "$0")/window_blender.sh" "$@"
