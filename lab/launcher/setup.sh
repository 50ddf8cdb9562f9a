#!/bin/bash
# Installs what Cloudpoint needs on this machine, and nothing that is already there: Debian packages, uv, the project's
# environment (.venv), Ansible's own environment, the image of the lab's machines. Safe to run again at any time.
# With --without-image it leaves the machines' image out (checks and unit tests do not need it); with --with-peers it adds
# the environment of what our saga engine is compared with.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${CLOUDPOINT_CACHE:-$HOME/.cache/cloudpoint}
mkdir -p "$cache/log"
cache=$(cd "$cache" && pwd)
export CLOUDPOINT_CACHE=$cache
with_image=yes
with_peers=no
for option in "$@"; do
  case $option in
    --without-image) with_image=no ;;
    --with-peers) with_peers=yes ;;
    *) echo "setup: there is no option $option" >&2; exit 2 ;;
  esac
done

fail() { echo "setup: $*" >&2; exit 1; }

# step NAME SENTENCE COMMAND…: runs it with its output in a log, says how long it took; on failure shows the log's end
step() {
  local name=$1 sentence=$2 log=$cache/log/setup-$1.log begun=$EPOCHREALTIME
  shift 2
  if ! "$@" >"$log" 2>&1; then
    echo "  ✗ $sentence: failed; the end of $log:" >&2
    tail -n 25 "$log" >&2
    return 1
  fi
  LC_ALL=C awk -v s="$sentence" -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { if (b - a > 0.3) printf "  ✓ %s (%.1f s)\n", s, b - a }'
}

wanted_packages() { awk '!/^#/ && NF { print $1 }' lab/launcher/debian-packages.txt; }

missing_packages() {
  local package
  for package in $(wanted_packages); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 77; fi
}

# Bash leaves `set -e` aside in what `step` calls: each part says itself that it failed.
install_packages() {
  as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get update -q || return
  as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

install_uv() {
  [ -x "$cache/uv/bin/python" ] || python3 -m venv "$cache/uv" || return
  "$cache/uv/bin/python" -m pip install --quiet --require-hashes -r locks/setup.txt
}

# environment FOLDER LOCK: a virtual environment with exactly the packages of the lock, each checked against its hash
environment() {
  local folder=$1 lock=$2 stamp
  stamp=$(sha256sum <"$lock")
  [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.lock-hash" 2>/dev/null)" = "$stamp" ] && return
  # A Python that Debian ships is always there for the lab's owner and for its services alike; none is downloaded.
  [ -x "$folder/bin/python" ] || "$uv" venv --quiet --allow-existing --no-python-downloads --python 3.11 "$folder" || return
  "$uv" pip sync --quiet --require-hashes --compile-bytecode --python "$folder/bin/python" "$lock" || return
  echo "$stamp" >"$folder/.lock-hash"
}

# The command `cloudpoint`, as it is in this folder
install_command() {
  local packages
  packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "$PWD/clients/cli" >"$packages/cloudpoint-command.pth"
  printf '#!/bin/sh\nexec "$(dirname "$0")/python" -m cloudpoint "$@"\n' >.venv/bin/cloudpoint
  chmod +x .venv/bin/cloudpoint
}

build_image() { .venv/bin/python -m lab.privileges .venv/bin/python -m lab.rack build-image; }

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
  as_root true || fail "Debian packages are missing. As root: apt-get install --no-install-recommends ${missing[*]}"
  step debian "Debian packages: ${missing[*]}" install_packages "${missing[@]}"
fi

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  uv=$cache/uv/bin/uv
  [ -x "$uv" ] || step uv "uv, the package installer" install_uv
fi

step environment "Python packages in .venv, from locks/check.txt" environment .venv locks/check.txt
[ -x .venv/bin/cloudpoint ] || step command "the command cloudpoint" install_command
step ansible "Ansible's own environment, from locks/ansible.txt" environment "$cache/ansible" locks/ansible.txt &
ansible=$!
if [ "$with_peers" = yes ]; then
  step peers "DBOS and what our workers need, from locks/peers.txt" environment "$cache/peers" locks/peers.txt || { wait "$ansible" || true; exit 1; }
fi
if [ "$with_image" = yes ]; then
  step image "the image of the lab's machines" build_image || { wait "$ansible" || true; exit 1; }
fi
wait "$ansible"
