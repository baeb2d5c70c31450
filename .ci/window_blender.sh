#!/bin/bash
# BLENDER_WINDOW for tests/gui where ../shared is there: a real windowed Blender under Xvfb, software drawn.
#   window_blender.sh [ARGS] --python SCRIPT -- ARGUMENTS
set -euo pipefail
cd "$(dirname "$0")/.."
while (($#)); do
  case $1 in
    --python) script=$2; shift 2 ;;
    --) shift; break ;;
    *) shift ;;
  esac
done
export GB_WORK=$PWD GB_ENV="KLING_HOME=/tmp/kling-home BLENDER_USER_RESOURCES=/tmp/kling-blender"
exec ../shared/tools/gui_blender.sh run "$script" "$@"
