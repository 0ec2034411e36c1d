#!/bin/bash
# bench.sh [--quick] [--case NAME]... [--rounds N] [--work FOLDER] : measures medimirror beside what people use today.
# Installs what is missing, builds, makes its pictures once, runs the contenders of each case in turn (A B A B), and
# prints one table: median, spread, the ratio of medimirror to each of them, CPU time and peak memory.
#   --quick       small sizes: about five minutes, to see that all works; the whole takes about an hour
#   --case NAME   this case alone; may be given several times. fetch fetch-h2 far limited full full-limit thumbs
#                 validate nochange scale verify publish durable restart
#   --rounds N    how often each contender runs
#   --work FOLDER where pictures and mirrors are [FOLDER OF THE BUILD/bench]: the disk that is measured, 40 GB free
# BUILD=FOLDER names the folder of the build [build]. Nothing else should run on the machine meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
  exit 0
fi

scripts/install_deps.sh --bench
folder=${BUILD:-build}
TARGETS="medimirror medimirror-sandbox limits_bench ssim" scripts/build.sh "$folder"
exec python3 -B scripts/bench/bench.py --build "$folder" "$@"
