# SPDX-License-Identifier: Apache-2.0
"""What the robot remembers: PostgreSQL with pgvector. asyncio, no ROS."""
