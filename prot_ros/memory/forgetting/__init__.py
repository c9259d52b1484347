# SPDX-License-Identifier: Apache-2.0
"""What is forgotten: turns, names, times, and the proof that they are gone."""
