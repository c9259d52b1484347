# SPDX-License-Identifier: Apache-2.0
"""Runs a PostgreSQL of prot's own: whose it is, where its files lie, how it starts and ends."""
