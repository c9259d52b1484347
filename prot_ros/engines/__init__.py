# SPDX-License-Identifier: Apache-2.0
"""THE OUTSIDE WORLD: one adapter per outside thing. asyncio, no ROS."""
