#!/bin/bash
# lint.sh [FOLDER] [files] : clang-tidy with the checks of .clang-tidy, over all sources of src when no files are named.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=build
if [[ $# -gt 0 && -d $1 ]]; then
  folder=$1
  shift
fi
scripts/install_deps.sh --lint
[[ -f $folder/compile_commands.json ]] || scripts/build.sh "$folder"

files=("$@")
[[ ${#files[@]} -gt 0 ]] || mapfile -t files < <(find src -name '*.cc' | sort)
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" clang-tidy --quiet -p "$folder"
