#!/bin/bash
# build.sh [FOLDER] [cmake arguments] : configures and builds; FOLDER is ./build when not given.
# TARGETS="a b" builds these alone; CMAKE_ARGUMENTS="-Da=b" is for who calls a script that calls this one. Optimised, with
# line numbers in backtraces.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=build
if [[ $# -gt 0 && $1 != -* ]]; then
  folder=$1
  shift
fi

arguments=(-S . -B "$folder")
read -ra more <<<"${CMAKE_ARGUMENTS:-}"
arguments+=("${more[@]}")
# a folder keeps the generator it was made with
[[ -f $folder/CMakeCache.txt ]] || arguments+=(-G Ninja)
command -v ccache >/dev/null && arguments+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
# what one folder or clone has compiled serves the others
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

cmake "${arguments[@]}" "$@" >"${TMPDIR:-/tmp}/medimirror-configure.$$" 2>&1 || {
  cat "${TMPDIR:-/tmp}/medimirror-configure.$$" >&2
  rm -f "${TMPDIR:-/tmp}/medimirror-configure.$$"
  exit 1
}
rm -f "${TMPDIR:-/tmp}/medimirror-configure.$$"

read -ra targets <<<"${TARGETS:-}"
[[ ${#targets[@]} -gt 0 ]] && targets=(--target "${targets[@]}")
exec cmake --build "$folder" --parallel "${JOBS:-$(nproc)}" "${targets[@]}"
