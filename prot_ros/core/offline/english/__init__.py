# SPDX-License-Identifier: Apache-2.0
"""English: what it says, what it asks, how to answer."""
