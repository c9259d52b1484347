#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the node after which this file is installed: lib/prot/mic runs mic. In a virtual environment
# that is the environment's own Python, wherever it is called from; else the one of the workspace
# that was sourced. -P: nothing is imported from the folder in which it happens to be started.
prefix=$(dirname -- "$0")/../..
if [ -f "$prefix/pyvenv.cfg" ]; then
    exec "$prefix/bin/python3" -P -m prot_ros.run "$(basename -- "$0")" "$@"
fi
exec python3 -P -m prot_ros.run "$(basename -- "$0")" "$@"
