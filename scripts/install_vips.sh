#!/bin/bash
# install_vips.sh : a prebuilt libvips that is newer than Debian 12's, into .libvips/, where the next build finds it.
# Remove the folder to build with Debian's again. Says nothing when it is there.
# For newer decoders, not for speed: medimirror scales by itself, and decodes and encodes a tenth slower with this one.
# It is what the npm package "sharp" uses, from the npm registry: that of npm_config_registry or of npm's own
# configuration where one is set. npm itself is not needed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly version=1.3.4  # of the packages; the libvips in it is 8.18.7
# package and the SHA-512 that the registry gives as its dist.integrity
readonly headers="sharp-libvips-dev s1VIq6p83pWGi1hk7VLdfRiI6DUolGYqbpCNu4zdEIbKjlbdR9zHFpIiY6wQtnbn5jSfu9+E/PSC26tkONer2Q=="
case $(uname -m) in
  x86_64) library="sharp-libvips-linux-x64 GJ//SSXbnwSDes02umB3nDJLFcQzw8a18V8fyhqr6tV515tOEMdImjjxj1AoafMRz56F3PHgftnj1QEKSU1zkw==" ;;
  aarch64) library="sharp-libvips-linux-arm64 Y3dgX/6lE2QhQb+Gxy0WZxfg9MEm/JBjamZpS2IklP7xIQoKN4hzAm7KcMVGtaVDt3neE9OKBC7vAfonA/Lr1A==" ;;
  *)
    echo "There is no prebuilt libvips for $(uname -m); Debian's is what to build with." >&2
    exit 1
    ;;
esac

wanted="$version ${library% *}"
[[ -f .libvips/version && $(<.libvips/version) == "$wanted" ]] && exit 0

registry=${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}
[[ -z $registry ]] && command -v npm >/dev/null && registry=$(npm config get registry 2>/dev/null || true)
[[ $registry == http* ]] || registry=https://registry.npmjs.org
registry=${registry%/}

# made beside its place, so that a folder of that name is whole
fresh=$(mktemp -d .libvips-XXXXXX)
trap 'rm -rf "$fresh"' EXIT

# fetch "PACKAGE DIGEST" MEMBER... : unpacks these members once the digest of the whole is right
fetch() {
  local package=${1% *} digest=${1#* } archive=$fresh/package.tgz reason
  shift
  if ! reason=$(curl -fsSL --retry 3 --max-time 600 -o "$archive" \
    "$registry/@img/$package/-/$package-$version.tgz" 2>&1); then
    echo "The npm registry does not give @img/$package $version: ${reason##*$'\n'}" >&2
    exit 1
  fi
  if [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w0) != "$digest" ]]; then
    echo "What the npm registry gives as @img/$package $version has another SHA-512 than it should." >&2
    exit 1
  fi
  # -m: its files claim to be of 1985, and a build would take them for the ones it knows
  tar -xzmf "$archive" -C "$fresh" --strip-components=1 --no-same-owner "$@"
  rm "$archive"
}

echo "Fetching libvips: ${library% *} $version"
# Of the headers these alone: the package also has those of its zlib, libpng and others, which would hide Debian's.
fetch "$headers" package/include/vips package/include/glib-2.0
fetch "$library" package/lib package/README.md package/versions.json
echo "$wanted" >"$fresh/version"
chmod 755 "$fresh"
rm -rf .libvips
mv -T "$fresh" .libvips
