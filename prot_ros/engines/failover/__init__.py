# SPDX-License-Identifier: Apache-2.0
"""An online engine and the offline one that stands in for it."""
