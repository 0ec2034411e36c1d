#!/bin/bash
# try.sh [--live] : see medimirror work.
# Installs what is missing, builds, starts the stand-in service, mirrors a small catalogue over real HTTP, syncs a second
# time to show that nothing is transferred, and prints where to look (./build/try).
#   --live   against the real service instead, with what was created in the last 7 days, in a small size. Wants
#            MEDIMIRROR_API_KEY_ID, MEDIMIRROR_API_SECRET and MEDIMIRROR_CONTACT in the environment.
# BUILD=FOLDER names the folder of the build [build]; TRY_SECONDS=N is how long a step behind it may take [600].
set -euo pipefail
cd "$(dirname "$0")/.."

live=no
case ${1:-} in
  '') ;;
  --live) live=yes ;;
  *)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
    ;;
esac

if [[ $live == yes ]]; then
  for variable in MEDIMIRROR_API_KEY_ID MEDIMIRROR_API_SECRET MEDIMIRROR_CONTACT; do
    if [[ -z ${!variable:-} ]]; then
      echo "$variable is not set; --live talks to the real service and needs your key and how to reach you" >&2
      exit 2
    fi
  done
else
  # what this machine has set up for the real service must not leak into the trial
  for variable in $(compgen -e | grep '^MEDIMIRROR_' || true); do unset "$variable"; done
fi

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

scripts/install_deps.sh
say "Building"
folder=${BUILD:-build}
TARGETS="medimirror medimirror-sandbox" scripts/build.sh "$folder"
build=$PWD/$folder
try=$build/try
if [[ $live == yes ]]; then try=$build/try-live; fi
medimirror=$build/medimirror
mkdir -p "$try"
config=$try/medimirror.toml
if [[ $live == no ]]; then rm -rf "$try/mirror" "$try/copy" "$try/sandbox" "$config"; fi

sandbox=
running=
lives() { kill -0 "$1" 2>/dev/null; }
stop_all() {
  local process
  [[ -z $running$sandbox ]] || kill $running $sandbox || true
  for process in $running $sandbox; do
    for _ in $(seq 100); do
      lives "$process" || break
      sleep 0.1
    done
  done
}
trap 'stop_all 2>/dev/null' EXIT # bash has something to say of some that have ended by themselves
trap 'exit 130' INT TERM

start_sandbox() {
  rm -f "$try/port"
  "$build/medimirror-sandbox" --port 0 --port-file "$try/port" --media 150 --products 50 --seed 1 \
    --state "$try/sandbox" --pictures real >"$try/sandbox.log" 2>&1 &
  sandbox=$!
  for _ in $(seq 300); do
    [[ -s $try/port ]] && return
    lives "$sandbox" || break
    sleep 0.1
  done
  fail "the stand-in service did not start; its log is $try/sandbox.log: $(tail -n 1 "$try/sandbox.log")"
}

# The sentence comes last: what is stopped first may have words of its own.
fail() {
  stop_all 2>/dev/null
  printf '\nscripts/try.sh: %s\n' "$*" >&2
  exit 1
}

# Runs a step, and ends the trial with one sentence when the stand-in service dies meanwhile or the step takes more than
# its share. The status is the step's.
step() {
  local name=$1 status=0
  shift
  timeout --foreground -k 10 "$share" "$@" &
  running=$!
  while lives "$running" && { [[ -z $sandbox ]] || lives "$sandbox"; }; do sleep 0.2; done
  if [[ -n $sandbox ]] && ! lives "$sandbox"; then
    wait "$sandbox" 2>/dev/null || status=$?
    sandbox=
    fail "the stand-in service has died (status $status) by the time of: $name; its log is $try/sandbox.log"
  fi
  wait "$running" || status=$?
  running=
  if [[ $status -eq 124 || $status -eq 137 ]]; then
    fail "$name has taken more than $share s; what it said stands above, and the stand-in's log is $try/sandbox.log"
  fi
  return "$status"
}
share=${TRY_SECONDS:-600}
if [[ $live == yes ]]; then share=0; fi # no limit: a real listing takes what it takes

write_sandbox_config() {
  local address
  address=http://127.0.0.1:$(cat "$try/port")
  cat >"$config" <<TOML
root = "mirror"
contact = "try@example.com"

[api]
base_url = "$address/v4"
key_id = "42"
secret_file = "key"

[media]
base_url = "$address"
allow_private_addresses = true       # the stand-in service runs on this machine

[select]
formats = ["large"]

[[derivative]]
name = "thumb"
width = 200
height = 200
format = "webp"

[products]
list = true                          # names and codes, for the gallery's search
TOML
  (umask 077 && echo sandbox-secret >"$try/key")
}

write_live_config() {
  # a week and the second-smallest size: enough to see it work, little enough to be polite
  cat >"$config" <<TOML
root = "mirror"

[media]
connections = 4

[select]
formats = ["medium"]
created_from = "$(date -u -d '7 days ago' +%F)"
TOML
}

# Exit 3 says that some items failed: the report names them, and the trial goes on.
sync_once() {
  local status=0
  say "$1"
  step "$1" "$medimirror" --config "$config" sync || status=$?
  if [[ $status -ne 0 && $status -ne 3 ]]; then exit "$status"; fi
}

if [[ $live == yes ]]; then
  write_live_config
else
  say "Starting medimirror-sandbox, the stand-in service: 150 media with every oddity of the real one"
  start_sandbox
  write_sandbox_config
fi

sync_once "First sync"
if [[ $live == no ]]; then step "The copy by rsync" rsync -aH "$try/mirror/media/" "$try/copy/"; fi

sync_once "Second sync: nothing is transferred"

say "What rsync has to do now (each line would be a file or folder)"
if [[ -d $try/copy ]]; then
  changes=$(rsync -aH --delete --itemize-changes --dry-run "$try/mirror/media/" "$try/copy/")
  if [[ -n $changes ]]; then
    echo "$changes"
    echo "rsync should have found nothing to do" >&2
    exit 1
  fi
fi
echo "nothing"

say "The checksums"
(cd "$try/mirror/media" && sha256sum --quiet -c SHA256SUMS && echo "$(wc -l <SHA256SUMS) files are what they should be")

say "The gallery"
step "The gallery" "$medimirror" --config "$config" report gallery

say "Where to look"
cat <<TEXT
  the gallery        file://$try/mirror/reports/gallery/index.html
                     or: $medimirror --config $config serve
  the pictures       $try/mirror/media/
  the list of them   $try/mirror/media/manifest.jsonl
  the last report    $try/mirror/reports/last-run.txt
  the configuration  $config
  one picture's life $medimirror --config $config show ID
TEXT
