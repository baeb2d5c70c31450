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
../shared/tools/gui_blender.sh setup
# A network of its own, where it may have one: else two windows on one machine share the display's socket and spoil
# each other's stories.
alone=()
if unshare --net ip link set lo up 2>/dev/null; then alone=(unshare --net bash -c 'ip link set lo up; exec "$@"' alone); fi
exec "${alone[@]}" ../shared/tools/gui_blender.sh run "$script" "$@"
