#!/bin/bash
# test.sh [--quick] [--asan|--tsan] [ctest arguments, such as -R http]
# Installs what is missing, builds, and runs every test.
#   --quick   without the tests that take long (labels e2e and slow)
#   --asan    under AddressSanitizer and UndefinedBehaviorSanitizer (build-asan)
#   --tsan    under ThreadSanitizer (build-tsan)
set -euo pipefail
cd "$(dirname "$0")/.."

folder=build
cmake_arguments=()
ctest_arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) ctest_arguments+=(-LE 'e2e|slow') ;;
    --asan)
      folder=build-asan
      cmake_arguments+=("-DMEDIMIRROR_SANITIZE=address,undefined" '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1')
      ;;
    --tsan)
      folder=build-tsan
      cmake_arguments+=("-DMEDIMIRROR_SANITIZE=thread" '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1')
      ;;
    --werror) cmake_arguments+=(-DMEDIMIRROR_WERROR=ON) ;;
    -h | --help)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *) ctest_arguments+=("$1") ;;
  esac
  shift
done

scripts/install_deps.sh --test
scripts/build.sh "$folder" "${cmake_arguments[@]}"
# GLib and libvips keep what they allocate once: that is no leak of ours
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "${JOBS:-$(nproc)}" "${ctest_arguments[@]}"
