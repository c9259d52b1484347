# SPDX-License-Identifier: Apache-2.0
"""One thin file per node: parameters, topics, engine. The docstring is its ROS interface."""
