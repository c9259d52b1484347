# SPDX-License-Identifier: Apache-2.0
"""DECISIONS: values and time in, values out. No ROS, no asyncio, no sockets, no clock."""
