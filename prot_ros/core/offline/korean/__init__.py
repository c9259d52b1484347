# SPDX-License-Identifier: Apache-2.0
"""Korean: what it says, what it asks, how to answer."""
