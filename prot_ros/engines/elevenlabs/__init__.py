# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs: its ears, and its voice by socket and by HTTP."""
