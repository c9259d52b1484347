# SPDX-License-Identifier: Apache-2.0
"""A picture of whom and what the robot knows: chosen, laid out, drawn as SVG. Pure."""
