# SPDX-License-Identifier: Apache-2.0
"""What keeps the robot from hearing itself."""
