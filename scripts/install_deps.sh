#!/bin/bash
# install_deps.sh [--lint|--format|--browser|--bench|--vips]
# Installs what building, running and testing need, from Debian alone. Asks nothing; says nothing when nothing is missing.
# With an option also what that needs; --vips is a prebuilt libvips that is newer than Debian's (scripts/install_vips.sh).
set -euo pipefail

if [[ ${1:-} == --vips ]]; then
  "$0"
  exec "$(dirname "$0")/install_vips.sh"
fi

packages=(
  # to build
  ca-certificates g++ cmake ninja-build ccache pkg-config
  libcurl4-openssl-dev libssl-dev libsimdjson-dev libvips-dev liblmdb-dev libfmt-dev libspdlog-dev libcli11-dev
  libtomlplusplus-dev nlohmann-json3-dev libseccomp-dev libxxhash-dev libxlsxwriter-dev libsqlite3-dev zlib1g-dev libcpp-httplib-dev
  # to test and to try
  libgtest-dev libgmock-dev libbenchmark-dev curl rsync nginx openssl strace python3
)
[[ ${1:-} == --lint ]] && packages+=(clang-format clang-tidy)
[[ ${1:-} == --format ]] && packages+=(clang-format)
[[ ${1:-} == --browser ]] && packages+=(chromium chromium-driver)
[[ ${1:-} == --bench ]] && packages+=(aria2 wget2 rclone libvips-tools)

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
[[ ${#missing[@]} -eq 0 ]] && exit 0

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

# no started services (nginx) on the machine of somebody who only wants to build
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q -o Acquire::Retries=3 </dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
  -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "${missing[@]}" </dev/null
