# SPDX-License-Identifier: Apache-2.0
"""What is remembered: words, names, vectors and links, in one statement, ranked and packed."""
