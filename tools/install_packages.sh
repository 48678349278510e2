#!/bin/sh
# install_packages.sh build|test|nightly
#
# Makes sure that the Debian packages are here which building and running need; or those and what
# the tests need; or all that and what fuzzing needs. Asks dpkg first, so that a machine that has
# them is left alone and no network is needed. Installs as root or by sudo without a password;
# otherwise prints the line to run.
set -eu

build_packages="
  g++
  cmake
  ninja-build
  ccache
  pkg-config
  nlohmann-json3-dev
  libcli11-dev
  libcurl4-openssl-dev
  libedit-dev
  libicu-dev
  libpcre2-dev
  libprotobuf-dev
  libpugixml-dev
  libssl-dev
  zlib1g-dev
"
test_packages="
  libbenchmark-dev
  libboost-dev
  libgmock-dev
  libgtest-dev
"

nightly_packages="
  clang
  libclang-rt-dev
"

case "${1-}" in
  build) wanted=$build_packages ;;
  test) wanted="$build_packages $test_packages" ;;
  nightly) wanted="$build_packages $test_packages $nightly_packages" ;;
  *) echo "usage: $0 build|test|nightly" >&2; exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null; then
  echo "Not a Debian system: the counterparts of these packages are taken to be here:" $wanted >&2
  exit 0
fi

missing=""
for package in $wanted; do
  status=$(dpkg-query -W -f='${db:Status-Status} ' "$package" 2> /dev/null || true)
  case "$status" in
    *"installed "*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif sudo -n true 2> /dev/null; then
  as_root="sudo -n"
else
  echo "Some packages are missing. Install them, then try again:" >&2
  echo "  sudo $install" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update
$as_root $install
