#!/bin/bash
# Tests the installed zip, not the clone, in one environment after the other, and ends with one table:
#
#   .ci/matrix.sh ROW...
#     4.2.23, 5.0.1, ...        what touches Blender, on this version of bpy
#     newest-libraries          what touches libraries, with the newest ones that another extension may bring
#     window-5.2, window-4.3    tests/gui, in a real window where this workplace has one
#
# TESTS names other tests for every row, PYTEST_ARGS more arguments of pytest. What this machine cannot run is said in
# the table; the exit status is 1 when a row failed. .ci/installed_only.py says how a test is kept to the zip.
set -euo pipefail
cd "$(dirname "$0")/.."

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
export LIBGL_ALWAYS_SOFTWARE=1
.venv/bin/python .ci/extension.py build --out "$run" >/dev/null
zip=("$run"/*.zip)
table=() failed=0

row() { table+=("$(printf '%-17s %6s %6s %7s %9s  %s' "$@")"); } # row NAME PASSED FAILED SKIPPED TIME WORDS

left_out() { row "$1" - - - - "not run: $2"; } # left_out NAME WHY

broken() { # broken NAME WHY
  row "$1" - - - - "$2"
  failed=1
}

bpy_of() { "$1/bin/python" -c 'from importlib.metadata import version; print(version("bpy"))'; }

tested_python() { # tested_python VENV FOLDER [LIBRARIES]: FOLDER/python, with the zip installed as a person does it
  local install='import bpy, sys; bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default")'
  BLENDER_USER_RESOURCES=$2/blender "$1/bin/python" -c "$install" "${zip[0]}" >"$2/log" 2>&1 \
    && "$1/bin/python" .ci/installed_only.py "$2/python" "$2/blender/extensions" "${@:3}" >>"$2/log" 2>&1 \
    || { cat "$2/log" >&2; return 1; }
}

count() { grep -oE "[0-9]+ $2" <<<"$1" | cut -d' ' -f1 || echo 0; } # count SUMMARY WORD

test_in() { # test_in NAME VENV WORDS LIBRARIES TEST...: one row
  local name=$1 venv=$2 words=$3 folder=$run/$1 libraries=$4 code=0 end tests more
  shift 4
  mkdir -p "$folder"
  printf '==> %s: %s\n' "$name" "$words"
  tested_python "$venv" "$folder" ${libraries:+"$libraries"} || { broken "$name" "the zip could not be installed"; return; }
  read -ra tests <<<"${TESTS:-$*}"
  read -ra more <<<"${PYTEST_ARGS:-}"
  BLENDER_USER_RESOURCES=$folder/user "$folder/python/bin/python" -m pytest -n auto --dist loadgroup --no-loadscope-reorder \
    "${more[@]}" "${tests[@]}" | tee "$folder/log" || code=$?
  end=$(grep -E '^(=+ )?[0-9]+ .* in [0-9.]+s' "$folder/log" | tail -n 1) || end=
  if [[ ! $end ]]; then
    broken "$name" "pytest did not come to its end"
  else
    ((code == 0)) || failed=1
    row "$name" "$(count "$end" passed)" "$(($(count "$end" failed) + $(count "$end" error)))" "$(count "$end" skipped)" \
      "$(grep -oE '[0-9.]+s' <<<"$end" | tail -n 1)" "$words"
  fi
}

on_bpy() { # on_bpy VERSION
  local venv=.venv ready=0
  if [[ $(bpy_of .venv) != "$1" ]]; then
    venv=.venv-bpy-$1
    .ci/setup.sh bpy "$1" || ready=$?
  fi
  case $ready in
    0) test_in "$1" "$venv" "$("$venv/bin/python" --version)" "" tests/blender tests/packaging ;;
    3) left_out "$1" "this machine has no Python for it" ;;
    *) broken "$1" "its environment could not be made" ;;
  esac
}

with_newest_libraries() {
  local newest=$run/newest words
  .venv/bin/python -m pip install -q --upgrade --target "$newest" jsonschema requests attrs urllib3 \
    || { left_out newest-libraries "the package index has not given them"; return; }
  words=$(.venv/bin/python -m pip list --path "$newest" --format freeze | grep -E '^(jsonschema|requests|attrs|urllib3)=' | xargs)
  test_in newest-libraries .venv "${words//==/ }" "$newest" tests/core/rules tests/remote tests/session
}

in_window() { # in_window NAME SCRIPT
  if [[ -x ../shared/tools/gui_blender.sh ]]; then
    BLENDER_WINDOW=$PWD/$2 test_in "$1" .venv "$2" "" tests/gui
  else
    left_out "$1" "this workplace has no such Blender with a window"
  fi
}

for name; do
  case $name in
    newest-libraries) with_newest_libraries ;;
    window-5.2) in_window "$name" .ci/window_blender.sh ;;
    window-4.3) in_window "$name" .ci/window_blender_4.3.sh ;;
    *) on_bpy "$name" ;;
  esac
done

printf '\n%-17s %6s %6s %7s %9s\n' row passed failed skipped time
printf '%s\n' "${table[@]}"
exit "$failed"
