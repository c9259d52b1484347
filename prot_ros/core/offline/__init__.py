# SPDX-License-Identifier: Apache-2.0
"""The mind without a model: what an utterance tells or asks, and what to say to it, by rules."""
