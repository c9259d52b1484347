# SPDX-License-Identifier: Apache-2.0
"""How a command ends when it does not do what was asked: one sentence and an exit code."""

from __future__ import annotations


class UsageError(Exception):
    """Bad arguments or parameters, exit code 2. The message is one sentence."""


class CommandError(Exception):
    """It could not be done, exit code 1. The message says why and what would help."""
