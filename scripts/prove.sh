#!/bin/bash
# prove.sh [MINUTES] [PROOF...] : the eleven proofs in their long form, in about so many minutes (10) altogether.
# Each prints what it counted; where a zero is due and is not there, it says WRONG and this script fails.
#   PROOF     fault_matrix kill durability errno_sweep poison damage service memory fuzz secrets trust; all when none is
#             named. Only when
#             named: newcomer: scripts/try.sh TIMES times (30) and scripts/test.sh in new trees of Debian 12 and of 13 (newcomer.sh)
#             `prove.sh service 60` is an hour of a service that does every odd thing that we know of
#   BUILD     the build folder (build); DURABLE_FOLDER, a folder on a real disk to work in (the system's temporary one)
# Fuzzing needs clang and builds into build-fuzz; the others need what tests/proof says, and skip with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
  exit 0
fi
minutes=10
proofs=()
for word in "$@"; do
  if [[ $word =~ ^[0-9.]+$ ]]; then minutes=$word; else proofs+=("$word"); fi
done
[[ ${#proofs[@]} -gt 0 ]] || proofs=(fault_matrix kill durability errno_sweep poison damage service memory fuzz secrets trust)

folder=${BUILD:-build}
if [[ -z ${PROVE_WITHOUT_BUILDING:-} ]]; then
  scripts/install_deps.sh --test
  TARGETS="medimirror medimirror-sandbox" scripts/build.sh "$folder"
fi
export MEDIMIRROR_BIN_DIR=$PWD/$folder
more=()
[[ -n ${DURABLE_FOLDER:-} ]] && more=(--folder "$DURABLE_FOLDER")
each=$(awk -v m="$minutes" -v n="${#proofs[@]}" 'BEGIN { printf "%.3f", m / n }')

fuzz() {
  if ! command -v clang++ >/dev/null; then
    echo "fuzz: skipped: clang is not installed"
    return 77
  fi
  local targets=() target
  for target in tests/fuzz/*_fuzz.cc; do
    target=$(basename "$target" .cc)
    [[ $target == code_list_fuzz && ! -d src/shop ]] || targets+=("$target")
  done
  mkdir -p build-fuzz
  TARGETS="${targets[*]}" scripts/build.sh build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DMEDIMIRROR_FUZZ=ON \
    -DMEDIMIRROR_SANITIZE=fuzzer-no-link,address,undefined '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1' \
    >build-fuzz/build.log 2>&1 || {
    tail -30 build-fuzz/build.log
    return 1
  }
  local seconds failed=0 work
  seconds=$(awk -v m="$each" -v n="${#targets[@]}" 'BEGIN { s = int(m * 60 / n); print s < 5 ? 5 : s }')
  work=$(mktemp -d)
  echo "fuzz: ${#targets[@]} targets, $seconds s each"
  for target in "${targets[@]}"; do
    mkdir -p "$work/$target"
    if ASAN_OPTIONS=detect_leaks=0 "build-fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 \
      -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$work/$target-" "$work/$target" \
      "tests/fuzz/corpus/${target%_fuzz}" >"$work/$target.log" 2>&1; then
      awk -v t="$target" '/stat::number_of_executed_units/ { n = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") c = $(i + 1) }
        END { printf "  %-20s %12d inputs  %6d edges  0 crashes\n", t, n, c }' "$work/$target.log"
    else
      failed=1
      echo "  WRONG $target; what it found lies in $work:"
      grep -E 'ERROR|SUMMARY|artifact|runtime error' "$work/$target.log" | head -5
    fi
  done
  if [[ $failed == 0 ]]; then
    rm -rf "$work"
    echo "fuzz: as it must be"
  fi
  return $failed
}

echo "proofs of $(date -u +%F), $(nproc) cores, $(. /etc/os-release && echo "$PRETTY_NAME"), $minutes minutes"
wrong=()
for proof in "${proofs[@]}"; do
  echo
  status=0
  if [[ $proof == fuzz ]]; then
    fuzz || status=$?
  elif [[ $proof == newcomer ]]; then
    scripts/newcomer.sh --times "${TIMES:-30}" --tests || status=$?
  else
    python3 -B "tests/proof/${proof}_proof.py" --minutes "$each" "${more[@]}" || status=$?
  fi
  [[ $status == 0 || $status == 77 ]] || wrong+=("$proof")
done
echo
if [[ ${#wrong[@]} -gt 0 ]]; then
  echo "NOT as it must be: ${wrong[*]}"
  exit 1
fi
echo "all as it must be"
