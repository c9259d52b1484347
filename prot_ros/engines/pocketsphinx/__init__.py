# SPDX-License-Identifier: Apache-2.0
"""PocketSphinx, in a process of its own."""
