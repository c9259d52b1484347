# SPDX-License-Identifier: Apache-2.0
"""What tells speech from other sounds."""
