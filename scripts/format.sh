#!/bin/bash
# format.sh [--check] : clang-format over src and tests. With --check nothing is changed, and what differs is named.
# Versions of clang-format disagree in details; .clang-format was written for 14 (Debian 12), and --check by another
# version is skipped, visibly.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly version_wanted=14
formatter=clang-format
command -v "clang-format-$version_wanted" >/dev/null && formatter=clang-format-$version_wanted
if ! command -v "$formatter" >/dev/null; then
  scripts/install_deps.sh --format
fi
version=$("$formatter" --version | sed -E 's/.*version ([0-9]+).*/\1/')

mapfile -t files < <(find src tests -name '*.h' -o -name '*.cc' | sort)
if [[ ${1:-} == --check ]]; then
  if [[ $version -ne $version_wanted ]]; then
    echo "format check skipped: clang-format $version is here, $version_wanted decides"
    exit 0
  fi
  "$formatter" --dry-run --Werror "${files[@]}"
  echo "format: ${#files[@]} files are as they should be"
else
  "$formatter" -i "${files[@]}"
fi
