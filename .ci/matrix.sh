#!/bin/bash
# Runs the tests that touch Blender on further bpy versions:  .ci/matrix.sh VERSION...
# A version that no Python on this machine can run is skipped, and said so. TESTS names others than all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

user=$(mktemp -d)
trap 'rm -rf "$user"' EXIT
export BLENDER_USER_RESOURCES=$user LIBGL_ALWAYS_SOFTWARE=1

read -ra tests <<<"${TESTS:-tests/blender tests/packaging}"
for version; do
  .ci/setup.sh bpy "$version" && ready=0 || ready=$?
  ((ready == 3)) && continue
  ((ready == 0)) || exit "$ready"
  printf '==> tests on bpy %s\n' "$version"
  ".venv-bpy-$version/bin/python" -m pytest -n auto --dist loadgroup --no-loadscope-reorder "${tests[@]}"
done
