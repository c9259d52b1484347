# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import contextlib

import httpx2
import pytest

from prot_ros.simulators.http import Answer, HttpServer, Request

DEADLINE_S = 5.0


async def _until(condition):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - it happens at the other end
            await asyncio.sleep(0.005)


def _run(handler, use):
    async def main():
        async with asyncio.timeout(DEADLINE_S), HttpServer(handler) as server:
            async with httpx2.AsyncClient(base_url=server.url) as client:
                await use(server, client)

    asyncio.run(main())


def test_several_requests_share_a_connection():
    async def echo(request: Request, answer: Answer):
        await answer.send_json(200, {'path': request.path, 'body': request.json()})

    async def use(server, client):
        for number in range(3):
            response = await client.post(f'/한/{number}?a=1', json={'말': number})
            assert response.json()['body'] == {'말': number}
        assert server.connections == 1

    _run(echo, use)


def test_a_chunk_may_end_inside_a_character():
    async def answer_in_halves(request: Request, answer: Answer):
        await answer.begin(200, {'content-type': 'text/plain; charset=utf-8'})
        for value in '안녕'.encode():
            await answer.write(bytes((value,)))
        await answer.end()

    async def use(server, client):
        assert (await client.get('/')).text == '안녕'

    _run(answer_in_halves, use)


def test_a_client_that_leaves_ends_a_stalled_answer():
    stalled, ended = asyncio.Event(), asyncio.Event()

    async def stall(request: Request, answer: Answer):
        await answer.begin(200)
        await answer.write(b'x')
        stalled.set()
        try:
            await answer.stall()
        finally:
            ended.set()

    async def use(server, client):
        async with client.stream('GET', '/'):
            await stalled.wait()
        await ended.wait()
        assert server.abandoned == 1
        await _until(lambda: server.connected == 0)

    _run(stall, use)


def test_a_reset_is_an_error_and_no_end():
    async def reset(request: Request, answer: Answer):
        await answer.begin(200)
        await answer.raw(b'ff\r\nhalf a chunk')
        answer.reset()

    async def use(server, client):
        with pytest.raises(httpx2.TransportError):
            await client.get('/')
        await _until(lambda: server.connected == 0)

    _run(reset, use)


def test_an_answer_that_is_not_ended_ends_the_connection():
    async def half(request: Request, answer: Answer):
        await answer.begin(200)
        await answer.write(b'half')

    async def use(server, client):
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get('/')

    _run(half, use)


def test_a_server_that_refuses_listens_again_at_the_same_port():
    async def ok(request: Request, answer: Answer):
        await answer.send(200, body=b'ok')

    async def use(server, client):
        url = server.url
        assert (await client.get('/')).text == 'ok'
        await server.refuse()
        with pytest.raises(httpx2.ConnectError):
            await client.get('/')
        await server.listen()
        assert server.url == url
        assert (await client.get('/')).text == 'ok'

    _run(ok, use)


def test_what_is_no_http_ends_the_connection():
    async def ok(request: Request, answer: Answer):
        await answer.send(200)

    async def use(server, client):
        reader, writer = await asyncio.open_connection('127.0.0.1', server.port)
        writer.write(b'\x16\x03\x01\r\n\r\n')
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b''
        writer.close()
        await _until(lambda: server.connected == 0)

    _run(ok, use)
