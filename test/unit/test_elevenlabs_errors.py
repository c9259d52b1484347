# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs complains of, in all its shapes."""

from __future__ import annotations

import json

import pytest

from prot_ros.engines.elevenlabs.errors import Complaint, complaint, failure

DETAIL = {'status': 'quota_exceeded', 'message': 'You have 0 credits.'}


@pytest.mark.parametrize(
    ('body', 'found'),
    [
        ({'detail': DETAIL}, Complaint('quota_exceeded', 'You have 0 credits.')),
        (json.dumps({'detail': DETAIL}), Complaint('quota_exceeded', 'You have 0 credits.')),
        (
            json.dumps({'detail': DETAIL}).encode(),
            Complaint('quota_exceeded', 'You have 0 credits.'),
        ),
        (
            {'detail': {'type': 'x', 'code': 'rate_limit_exceeded', 'message': 'Slow.'}},
            Complaint('rate_limit_exceeded', 'Slow.'),
        ),
        (
            {'detail': [{'loc': ['body', 'text'], 'msg': 'Field required'}]},
            Complaint('', 'body.text: Field required'),
        ),
        ({'detail': 'Not Found'}, Complaint('', 'Not Found')),
        ({'detail': ['odd', 3]}, Complaint('', 'odd; 3')),
        (
            {'message': 'M', 'error': 'max_active_conversations', 'code': 1008},
            Complaint('max_active_conversations', 'M'),
        ),
        ('<html>', Complaint('', '<html>')),
        ('[1]', Complaint('', '[1]')),
        ('[' * 100_000, Complaint('', '[' * 100_000)),
        (b'\xff\xfe', Complaint('', '\ufffd\ufffd')),
        (None, Complaint('', '')),
        ({}, Complaint('', '')),
    ],
)
def test_every_shape_is_read(body, found):
    assert complaint(body) == found


@pytest.mark.parametrize(
    ('body', 'status', 'retryable', 'words'),
    [
        ({'detail': {'code': 'invalid_api_key'}}, 401, False, 'ELEVENLABS_API_KEY'),
        ('', 401, False, 'ELEVENLABS_API_KEY'),
        ({'detail': DETAIL}, 401, False, 'no credits'),
        ('', 402, False, 'no credits'),
        ('', 429, True, 'too much'),
        ({'detail': {'code': 'system_busy'}}, 429, True, 'overloaded'),
        ('', 422, False, 'refuses'),
        ('', 503, True, 'has failed'),
        ({'error': 'input_timeout_exceeded', 'code': 1008}, 1008, True, 'not used'),
        ({'message': 'no'}, 1008, False, 'refuses'),
        (None, 1011, True, 'has failed'),
        (None, None, True, 'has failed'),
    ],
)
def test_what_may_pass_is_told_from_what_a_person_must_mend(body, status, retryable, words):
    error = failure(body, status=status)
    assert error.retryable is retryable
    assert words in str(error)


def test_the_key_is_taken_out_of_the_services_words():
    error = failure({'detail': 'bad key sk_secret!'}, status=401, key='sk_secret')
    assert 'sk_secret' not in str(error)
