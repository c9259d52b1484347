# SPDX-License-Identifier: Apache-2.0
"""Fixtures that the system tests share."""

from database import another_url, data_folder, fresh_url, server

__all__ = ['another_url', 'data_folder', 'fresh_url', 'server']
