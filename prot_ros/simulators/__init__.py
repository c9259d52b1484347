# SPDX-License-Identifier: Apache-2.0
"""Servers that speak the online services' own protocols, for developers without keys and tests."""
