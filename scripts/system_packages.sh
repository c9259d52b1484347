#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that `make demo` and `make test` need and this machine lacks, and
# checks the interpreter. Usage: scripts/system_packages.sh PYTHON
set -eu
python=$1

# A user's voice and the robot's; an audio server and the way to it; and what PyAudio, which has
# no wheels, is compiled with.
need='flite espeak-ng pulseaudio pulseaudio-utils libasound2-plugins portaudio19-dev gcc libc6-dev'
where=$(command -v "$python" || true)
if [ -z "$where" ] && [ "$python" = python3 ]; then
    need="$need python3 python3-dev python3-venv"
elif [ -z "$where" ]; then
    echo "error: there is no $python on PATH" >&2
    exit 1
else
    real=$(readlink -f "$where")
    case $real in
        # Debian's own Python comes without its headers and without venv.
        /usr/bin/*) need="$need ${real##*/}-dev ${real##*/}-venv" ;;
    esac
fi

if command -v dpkg-query >/dev/null; then
    missing=''
    for package in $need; do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        [ "$status" = 'install ok installed' ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        root=''
        if [ "$(id -u)" != 0 ]; then
            if ! command -v sudo >/dev/null; then
                echo "error: as root, install first: apt-get install$missing" >&2
                exit 1
            fi
            root='sudo'
            [ -t 0 ] || root='sudo -n' # nobody is there to type a password
        fi
        echo "installing$missing"
        $root apt-get update -qq </dev/null
        # shellcheck disable=SC2086  # a list of words
        $root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
    fi
else
    echo "not Debian or Ubuntu; prot needs what these packages have there: $need"
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: prot needs Python 3.11 or later, $python is $("$python" -V 2>&1)." \
        "Name another: make PYTHON=python3.12 ..." >&2
    exit 1
fi
