#!/bin/bash
# Makes a virtual environment ready; instant when it already is.
#
#   .ci/setup.sh               .venv: the runtime wheels, bpy, pytest
#   .ci/setup.sh dev           the same, and the tools of `make lint`
#   .ci/setup.sh bpy VERSION   .venv-bpy-VERSION: the same as .venv on another bpy; exits 3 when this machine
#                              has no Python for it
#
# Needs Python 3.11 or 3.13 (PYTHON=/path/to/python names one). Where there is none, any other Python 3 has uv get one
# into .python. What else is missing is installed by apt when root; otherwise its packages are named and nothing is
# changed.
set -euo pipefail
cd "$(dirname "$0")/.."

# The libraries that the bpy wheel loads, and the Debian packages they are in. Without libEGL a GPU render does not
# raise, it aborts the process.
declare -A PACKAGE_OF=(
  [libX11.so.6]=libx11-6 [libXrender.so.1]=libxrender1 [libXxf86vm.so.1]=libxxf86vm1 [libXfixes.so.3]=libxfixes3
  [libXi.so.6]=libxi6 [libxkbcommon.so.0]=libxkbcommon0 [libgomp.so.1]=libgomp1 [libSM.so.6]=libsm6
  [libGL.so.1]=libgl1 [libEGL.so.1]=libegl1
)
declare -A PYTHON_OF=([4.2]=3.11 [4.5]=3.11 [5.0]=3.11 [5.1]=3.13 [5.2]=3.13) # each bpy wheel fits one Python
declare -A BPY_OF=([3.11]=4.5.15 [3.13]=5.2.3)
UV=0.13.9 # of the package index; it gets the builds of Python that its makers publish at GitHub

say() { printf '==> %s\n' "$*"; }
die() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

attempt() { # attempt COMMAND...: its output is shown only when it fails
  local log code=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || code=$?
  ((code == 0)) || tail -n 30 "$log" >&2
  rm -f "$log"
  return "$code"
}

quietly() { attempt "$@" || die "this failed: $*"; }

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

find_python() { # find_python VERSION...: the first Python of one of these versions that really runs
  local wanted candidate candidates
  for wanted; do
    candidates=("${PYTHON:-}" "python$wanted" python3 "$PWD/.python/cpython-$wanted".*/bin/"python$wanted"
      "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted".*/bin/python)
    for candidate in "${candidates[@]}"; do
      if [[ $(version_of "$candidate") == "$wanted" ]]; then
        command -v "$candidate"
        return
      fi
    done
  done
}

missing_packages() { # missing_packages PYTHON
  local known soname
  "$1" -c 'import ensurepip, venv' 2>/dev/null || echo "python$(version_of "$1")-venv"
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
  for soname in "${!PACKAGE_OF[@]}"; do
    [[ $known == *"$soname "* ]] || echo "${PACKAGE_OF[$soname]}"
  done
}

install_packages() { # install_packages PACKAGE...
  (($#)) || return 0
  if ((EUID)) || ! command -v apt-get >/dev/null; then
    die "these packages are missing; install them (on Debian: apt-get install $*) and try again"
  fi
  say "system packages: $*"
  quietly apt-get -q update
  DEBIAN_FRONTEND=noninteractive quietly apt-get -qy install --no-install-recommends "$@"
}

get_python() { # get_python VERSION: into .python, by uv, in a throwaway environment of whatever Python is here
  local scratch packages code=0
  [[ $(version_of python3) ]] || return 1
  mapfile -t packages < <(missing_packages python3 | sort)
  install_packages "${packages[@]}"
  say "no Python $1 here: uv gets one from GitHub into .python (about 30 MB to fetch, 100 MB on disk)"
  scratch=$(mktemp -d)
  attempt python3 -m venv "$scratch" \
    && attempt "$scratch/bin/python" -m pip install "uv==$UV" \
    && attempt "$scratch/bin/uv" python install --no-config --no-cache --no-bin --install-dir .python "$1" || code=$?
  rm -rf "$scratch"
  return "$code"
}

no_python() {
  die "no Python 3.11 or 3.13 is here, and uv could not get one. Install one and try again:
  Debian 12 or 13: apt-get install python3 python3-venv
  Ubuntu:          add-apt-repository ppa:deadsnakes/ppa, then apt-get install python3.11 python3.11-venv
  Fedora:          dnf install python3.11
  macOS:           brew install python@3.11
Or name one that is not on the PATH: make PYTHON=/path/to/python3.11"
}

fingerprint() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }
is_fresh() { [[ -e $1/.stamp-$2 && $(<"$1/.stamp-$2") == "$3" ]]; } # is_fresh VENV WHAT FINGERPRINT

make_venv() { # make_venv VENV PYTHON BPY
  local venv=$1 python=$2 bpy=$3 packages state
  state="$(fingerprint .ci/setup.sh .ci/wheels.txt .ci/test.txt) ${PYTHON:-}"
  is_fresh "$venv" run "$state" && return
  mapfile -t packages < <(missing_packages "$python" | sort)
  install_packages "${packages[@]}"
  say "$venv: Python $(version_of "$python") ($python)"
  quietly "$python" -m venv --clear "$venv"
  say "$venv: runtime wheels"
  quietly "$venv/bin/python" .ci/extension.py wheels
  quietly "$venv/bin/python" -m pip install --no-index --find-links wheels --no-deps --require-hashes -r .ci/wheels.txt
  say "$venv: bpy $bpy (about 400 MB to fetch, 1 GB on disk) and pytest"
  quietly "$venv/bin/python" -m pip install "bpy==$bpy" -r .ci/test.txt
  echo "$state" >"$venv/.stamp-run"
}

add_dev_tools() { # add_dev_tools VENV
  local state
  state=$(fingerprint "$1/.stamp-run" .ci/dev.txt)
  is_fresh "$1" dev "$state" && return
  say "$1: ruff, mypy, import-linter"
  quietly "$1/bin/python" -m pip install -r .ci/dev.txt
  echo "$state" >"$1/.stamp-dev"
}

main_venv() {
  local python version
  python=${PYTHON:-$(find_python 3.11 3.13)}
  if [[ ! $python ]]; then
    get_python 3.11 || no_python
    python=$(find_python 3.11)
  fi
  version=$(version_of "$python")
  [[ $version == 3.11 || $version == 3.13 ]] || die "PYTHON=$python is not a Python 3.11 or 3.13 that runs"
  make_venv .venv "$python" "${BPY_OF[$version]}"
}

case ${1:-} in
  "") main_venv ;;
  dev)
    main_venv
    add_dev_tools .venv
    ;;
  bpy)
    wanted=${PYTHON_OF[${2%.*}]:-}
    [[ $wanted ]] || die "which Python bpy $2 needs is not known here"
    python=$(find_python "$wanted")
    if [[ ! $python ]] && get_python "$wanted"; then python=$(find_python "$wanted"); fi
    [[ $python ]] || { say "bpy $2 needs Python $wanted, which this machine does not have and uv could not get"; exit 3; }
    make_venv ".venv-bpy-$2" "$python" "$2"
    ;;
  *) die "unknown: $1 (see the head of this file)" ;;
esac
