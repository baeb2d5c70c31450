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
# One thread draws: with as many as cores, two windows at once take a tenth more.
export GB_WORK=$PWD GB_ENV="KLING_HOME=/tmp/kling-home BLENDER_USER_RESOURCES=/tmp/kling-blender LP_NUM_THREADS=0"
rooms=${GB_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/gui-blender}
mkdir -p "$rooms"
flock "$rooms/.lock" ../shared/tools/gui_blender.sh setup # two tests may be the first at once
# A network of its own, else two windows on one machine share the display's socket and spoil each other's stories; and
# the list of languages, which lies in a folder that is left out of these Blenders.
alone() {
  ip link set lo up
  for room in "$rooms"/*/usr/share; do
    mkdir -p "$room/locale"
    mount -t tmpfs languages "$room/locale"
    printf '%s\n' 0:Automatic:DEFAULT 1:English:en_US 2:Japanese:ja_JP 5:German:de_DE 6:French:fr_FR 9:Spanish:es \
      '13:Simplified Chinese:zh_HANS' >"$room/locale/languages"
  done
  exec "$@"
}
export -f alone
export rooms
run=(../shared/tools/gui_blender.sh run "$script" "$@")
if unshare --net --mount ip link set lo up 2>/dev/null; then run=(unshare --net --mount bash -euc 'alone "$@"' alone "${run[@]}"); fi
exec "${run[@]}"
