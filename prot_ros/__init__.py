# SPDX-License-Identifier: Apache-2.0
"""prot: a robot that talks with people the way people talk."""

__version__ = '0.1.0'
