# SPDX-License-Identifier: Apache-2.0
"""What people see of the memory, and how they correct it."""
