# SPDX-License-Identifier: Apache-2.0
"""How long a service asks to be left alone, in each form it may say so, and nothing else."""

from __future__ import annotations

import httpx2
import pytest
from websockets.datastructures import Headers

from prot_ros.engines.retry_after import wait_s

DATE = 'Wed, 21 Oct 2026 07:28:00 GMT'


@pytest.mark.parametrize('kind', [httpx2.Headers, Headers], ids=['http', 'websocket'])
@pytest.mark.parametrize(
    ('headers', 'seconds'),
    [
        ({}, None),
        ({'Retry-After': '7'}, 7.0),
        ({'retry-after': '0.5'}, 0.5),
        ({'Retry-After': '7', 'retry-after-ms': '250'}, 0.25),
        ({'Retry-After': '7', 'retry-after-ms': 'soon'}, 7.0),
        ({'Retry-After': '-1'}, None),
        ({'Retry-After': 'nan'}, None),
        ({'Retry-After': 'inf'}, None),
        ({'Retry-After': '1e9'}, None),
        ({'Retry-After': 'Wed, 21 Oct'}, None),
        ({'Retry-After': 'Wed, 21 Oct 2026 07:28:30 GMT'}, None),  # by whose clock?
        ({'Retry-After': 'Wed, 21 Oct 2026 07:28:30 GMT', 'Date': DATE}, 30.0),
        ({'Retry-After': 'Wed, 21 Oct 2026 07:27:00 GMT', 'Date': DATE}, 0.0),
        ({'Retry-After': 'Wed, 21 Oct 2099 07:27:00 GMT', 'Date': DATE}, None),
    ],
)
def test_it_is_read_in_seconds(kind, headers, seconds):
    assert wait_s(kind(headers)) == seconds


def test_a_header_that_is_there_twice_says_nothing():
    headers = Headers()
    headers['Retry-After'] = '1'
    headers['Retry-After'] = '2'
    assert wait_s(headers) is None
