#!/bin/bash
# newcomer.sh [--times N] [--tests] [SUITE...] : the commands of the README, as typed on a Debian that has nothing yet.
# For each SUITE (bookworm trixie) a tree is made with debootstrap; a fresh clone of HEAD goes there, and scripts/try.sh
# is run in it N times (1), each time in another fresh clone. With --tests also scripts/test.sh, once.
#   FOLDER   where the trees are made (the system's temporary folder); they are removed afterwards
#   The compiler cache of this machine serves the trees too: what is compiled there is what is compiled here.
# Wants root, and Debian's packages. Exit 77 and a sentence: a tree cannot be made here.
set -euo pipefail
cd "$(dirname "$0")/.."

times=1
tests=no
suites=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --times) times=$2 && shift ;;
    --tests) tests=yes ;;
    -*)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
      [[ $1 == -h || $1 == --help ]] && exit 0
      exit 2
      ;;
    *) suites+=("$1") ;;
  esac
  shift
done
[[ ${#suites[@]} -gt 0 ]] || suites=(bookworm trixie)

skip() {
  echo "newcomer: skipped: $*"
  exit 77
}
[[ $(id -u) -eq 0 ]] || skip "a tree of Debian is made by root"
unshare --mount --pid --fork true 2>/dev/null || skip "this machine lets root make no namespaces"
scripts/install_deps.sh --trees

folder=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/medimirror-newcomer-XXXXXX")
trap 'rm -rf --one-file-system "$folder"' EXIT
cache=$(ccache --get-config cache_dir 2>/dev/null || echo "$folder/ccache")
mkdir -p "$cache"

# Runs words in a tree: with mounts and processes of its own, which end with it.
in_tree() {
  local tree=$1
  shift
  # shellcheck disable=SC2016  # these are for the shell inside
  unshare --mount --pid --fork -- bash -c '
    tree=$1 cache=$2
    shift 2
    mount -t proc proc "$tree/proc" && mount --rbind /dev "$tree/dev" && mount --bind "$cache" "$tree/root/.cache/ccache"
    exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CMAKE_ARGUMENTS="${CMAKE_ARGUMENTS:-}" "$@" </dev/null
  ' in_tree "$tree" "$cache" "$@"
}

fresh_clone() {
  rm -rf "$1/root/medimirror"
  git clone --quiet --no-hardlinks . "$1/root/medimirror"
}

# A sentence each time, and the words of what went wrong.
command_in_tree() {
  local tree=$1 command=$2 what=$3 started=$SECONDS
  fresh_clone "$tree"
  if in_tree "$tree" bash -c "cd /root/medimirror && $command" >"$tree.log" 2>&1; then
    echo "  $what: good, $((SECONDS - started)) s"
    return
  fi
  echo "  WRONG $what, after $((SECONDS - started)) s; its last words:"
  tail -n 25 "$tree.log" | sed 's/^/    /'
  return 1
}

wrong=0
for suite in "${suites[@]}"; do
  tree=$folder/$suite
  echo "$suite:"
  if ! debootstrap --variant=minbase "$suite" "$tree" >"$tree.log" 2>&1; then
    tail -n 3 "$tree.log"
    skip "debootstrap could not make a tree of $suite"
  fi
  mkdir -p "$tree/root/.cache/ccache"
  in_tree "$tree" sh -c 'apt-get update -q && apt-get install -q -y --no-install-recommends ccache' >"$tree.log" 2>&1 ||
    skip "the tree of $suite cannot install packages: $(tail -n 1 "$tree.log")"
  good=0
  for ((time = 1; time <= times; ++time)); do
    if command_in_tree "$tree" scripts/try.sh "scripts/try.sh $time of $times"; then good=$((good + 1)); fi
  done
  echo "  scripts/try.sh: $good of $times"
  [[ $good -eq $times ]] || wrong=1
  if [[ $tests == yes ]]; then command_in_tree "$tree" scripts/test.sh scripts/test.sh || wrong=1; fi
  rm -rf --one-file-system "$tree"
done
exit $wrong
