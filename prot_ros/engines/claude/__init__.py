# SPDX-License-Identifier: Apache-2.0
"""Claude, by the protocol of Anthropic and of servers that are compatible with it."""
