# SPDX-License-Identifier: Apache-2.0
"""What turns a text into a vector."""
