#!/bin/bash
# install_deps.sh [--test] [--lint] [--format] [--browser] [--bench] [--trees] [--vips]
# Installs what building and trying need, from Debian alone. Asks nothing; says nothing when nothing is missing. Starts no
# service, and leaves none that starts at the next boot. With options also what that needs:
#   --test      every test but the one in a browser     --browser  the gallery's test in a browser
#   --lint, --format, --bench, --trees   scripts/lint.sh, format.sh, bench.sh, newcomer.sh (and what tests need)
#   --vips      a prebuilt libvips that is newer than Debian's (scripts/install_vips.sh)
set -euo pipefail

packages=(
  ca-certificates g++ cmake ninja-build pkg-config rsync
  libcurl4-openssl-dev libssl-dev libsimdjson-dev libvips-dev libjpeg-dev libwebp-dev liblmdb-dev libfmt-dev libspdlog-dev libcli11-dev
  libtomlplusplus-dev nlohmann-json3-dev libseccomp-dev libxxhash-dev libxlsxwriter-dev libsqlite3-dev zlib1g-dev libcpp-httplib-dev
  libminizip-dev # Debian 13: the pkg-config file of libxlsxwriter asks for it, its package does not
)
to_test=(libgtest-dev libgmock-dev libbenchmark-dev ccache curl nginx openssl strace python3)
vips=no
for option in "$@"; do
  case $option in
    --test) packages+=("${to_test[@]}") ;;
    --lint) packages+=("${to_test[@]}" clang-format clang-tidy) ;;
    --format) packages+=(clang-format) ;;
    --browser) packages+=(chromium chromium-driver) ;;
    --bench) packages+=("${to_test[@]}" aria2 wget2 rclone libvips-tools) ;;
    --trees) packages+=(git debootstrap) ;;
    --vips) vips=yes ;;
    *)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
      [[ $option == -h || $option == --help ]] && exit 0
      exit 2
      ;;
  esac
done

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
# Debian 13 has AVIF in packages of their own, which its libvips only recommends; Debian 12 has no such packages.
for package in libheif-plugin-aomenc libheif-plugin-dav1d; do
  if grep -qE '^VERSION_ID="(1[3-9]|[2-9][0-9])"' /etc/os-release && ! is_installed "$package"; then
    missing+=("$package")
  fi
done

if [[ ${#missing[@]} -eq 0 ]]; then
  if [[ $vips == yes ]]; then exec "$(dirname "$0")/install_vips.sh"; fi
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "These Debian packages are missing, and there is no apt-get to install them: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Run as root, for there is no sudo: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

# No service (nginx, rsync) is to run on the machine of somebody who only wants to build or test: none is started now ...
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

# ... and none that came with the packages at the next boot; what was enabled before stays so.
enabled_services() {
  {
    find /etc/systemd/system -path '*.wants/*.service' -printf '%f\n'
    find /etc/rc[2-5].d -name 'S[0-9][0-9]*' -printf '%f\n' | sed 's/^S[0-9][0-9]//'
  } 2>/dev/null | sed 's/\.service$//' | sort -u
}
enabled_before=$(enabled_services)
disable_new_services() {
  local service
  for service in $(comm -13 <(echo "$enabled_before") <(enabled_services)); do
    # the tool of the packages' own scripts; it wants to be told that it is called by one
    "${as_root[@]}" env DPKG_MAINTSCRIPT_PACKAGE=medimirror deb-systemd-helper disable "$service.service" >/dev/null
    if [[ -e /etc/init.d/$service ]]; then "${as_root[@]}" update-rc.d "$service" disable; fi
    echo "$service does not start at boot; systemctl enable $service changes that"
  done
}

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q -o Acquire::Retries=3 </dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
  -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "${missing[@]}" </dev/null
disable_new_services
if [[ $vips == yes ]]; then exec "$(dirname "$0")/install_vips.sh"; fi
