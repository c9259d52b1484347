# SPDX-License-Identifier: Apache-2.0
"""What is known: turns are read, resolved to entities, and folded into facts with their times."""
