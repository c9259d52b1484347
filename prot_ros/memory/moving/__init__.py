# SPDX-License-Identifier: Apache-2.0
"""Memories on the move: one file out, one file in, and everything derived made again."""
