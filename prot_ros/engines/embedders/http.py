# SPDX-License-Identifier: Apache-2.0
"""Embeddings by a service over HTTP: what all such services have in common.

A request carries at most `BATCH` texts, and of all requests together at most `in_flight` are under
way: a memory that is filled anew must not crowd out the turn that is being answered.
"""

from __future__ import annotations

import abc
import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import numpy as np

from prot_ros.core.survival import Limits
from prot_ros.engines.http_client import disconnect
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.retry_after import wait_s

BATCH = 32
"""Texts of one request: what it brings, about 1 MB, is read in 10 ms."""
MOST_TEXT = 8_000
"""Characters of a text that are sent; more would be cut by the models, or refused."""
MOST_VALUE = 32
"""Bytes of JSON that a number may take, twice what they do take."""
MOST_DIMENSIONS = 8_192
IN_FLIGHT = 5
_MOST_SAID = 200
_UNKNOWN = 'no reason given'
_HARMLESS = 'prot'

T = TypeVar('T')


class _TextRefusedError(EngineError):
    """The service takes the key and has the model, but not what it is asked."""


class HttpEmbedder(abc.ABC):
    """Implements `Embedder`, but for what a service wants to be asked."""

    service = ''
    """As a person calls it."""
    variable = ''
    """The environment variable of its key."""
    keyless = False
    """Whether there are servers of the kind that want no key."""

    def __init__(
        self,
        name: str,
        key: str,
        model: str,
        dimensions: int,
        base_url: str,
        *,
        limits: Limits = Limits(),
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """`name` is that of the space in which its vectors may be compared."""
        self.name = name
        self.dimensions = dimensions
        self.model = model
        self.asked_at_once = 0
        """Requests under way now."""
        self._key = key
        self._base_url = base_url.rstrip('/')
        self._limits = limits
        self._slots = asyncio.Semaphore(in_flight)
        self._client: httpx2.AsyncClient | None = None

    async def open(self) -> None:
        """Connect, and see whether the model's vectors are what they should be."""
        self._check()
        if self._client is None:
            # Reading the system's certificates takes up to 100 ms.
            self._client = await asyncio.to_thread(self._connected)
        try:
            await self.embed([_HARMLESS])
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors; zeros for a text of white space, which services refuse.

        A text that is more than the model takes gets the vector of its beginning.
        """
        vectors = [[0.0] * self.dimensions for _ in texts]
        wanted = [number for number, text in enumerate(texts) if text.strip()]
        batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
        given = await _all(
            self._embedded([texts[number][:MOST_TEXT] for number in batch]) for batch in batches
        )
        for batch, found in zip(batches, given, strict=True):
            for number, vector in zip(batch, found, strict=True):
                vectors[number] = vector
        return vectors

    # --- what a service wants ------------------------------------------------------------------

    @abc.abstractmethod
    def _body(self, texts: list[str]) -> dict[str, Any]:
        """Return what the service is sent."""

    @abc.abstractmethod
    def _said(self, answer: dict[str, Any]) -> str:
        """Return the words of the service's complaint, '' for none."""

    # --- one request ---------------------------------------------------------------------------

    def _check(self) -> None:
        """Raise EngineError for what can never work, without showing the key."""
        if not self._key and not self.keyless:
            raise EngineError(f'there is no key for {self.service}: set {self.variable}')
        # The HTTP layer would show it in its complaint.
        if not all('!' <= char <= '~' for char in self._key):
            raise EngineError(
                f'{self.variable} has characters that no key has, such as spaces; set it to the '
                'key alone'
            )
        parts = urlsplit(self._base_url)
        if parts.scheme not in ('http', 'https') or not parts.hostname:
            raise EngineError(
                f'embedding.base_url is {self._base_url!r}, expected such as https://host/v1'
            )

    def _connected(self) -> httpx2.AsyncClient:
        headers = {'Authorization': f'Bearer {self._key}'} if self._key else {}
        return httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(self._limits.first_response_s, connect=self._limits.connect_s),
            # The key goes where it was meant to go, and nowhere else.
            follow_redirects=False,
        )

    async def _embedded(self, texts: list[str]) -> list[list[float]]:
        try:
            return await self._ask(texts)
        except _TextRefusedError:
            # Where a harmless one is taken, one of these is to blame. It must not keep the others
            # from their vectors, now and whenever they are asked for again.
            await self._ask([_HARMLESS])
        return await self._apart(texts)

    async def _apart(self, texts: list[str]) -> list[list[float]]:
        """Return vectors of texts that are refused together."""
        if len(texts) == 1:
            shorter = texts[0][: len(texts[0]) // 2]
            return await self._taken([shorter]) if shorter.strip() else [[0.0] * self.dimensions]
        half = len(texts) // 2
        return [*await self._taken(texts[:half]), *await self._taken(texts[half:])]

    async def _taken(self, texts: list[str]) -> list[list[float]]:
        try:
            return await self._ask(texts)
        except _TextRefusedError:
            return await self._apart(texts)

    async def _ask(self, texts: list[str]) -> list[list[float]]:
        async with self._slots:
            self.asked_at_once += 1
            patience_s = self._limits.connect_s + self._limits.first_response_s
            try:
                async with asyncio.timeout(patience_s):
                    status, retry_after_s, body = await self._post(texts)
            except (TimeoutError, httpx2.TimeoutException):
                raise EngineError(
                    f'{self.service} gave no embeddings within {patience_s:g} s', retryable=True
                ) from None
            except httpx2.TransportError as err:
                # Not chained: the library's exceptions hold the request, and that the key.
                raise EngineError(
                    f'{self.service} cannot be reached at {self._base_url}: '
                    f'{self._without_key(err) or type(err).__name__}',
                    retryable=True,
                ) from None
            finally:
                self.asked_at_once -= 1
        if status != 200:
            raise self._refusal(status, retry_after_s, body)
        return await asyncio.to_thread(self._vectors, body, len(texts))

    async def _post(self, texts: list[str]) -> tuple[int, float | None, bytes]:
        if self._client is None:
            raise EngineError(f'{self.service} is not open')
        most = 64 * 1024 + len(texts) * MOST_DIMENSIONS * MOST_VALUE
        body = bytearray()
        url = f'{self._base_url}/embeddings'
        async with self._client.stream('POST', url, json=self._body(texts)) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > most:
                    raise EngineError(
                        f'{self.service} sends more than {most} bytes for {len(texts)} texts',
                        retryable=True,
                    )
            return response.status_code, wait_s(response.headers), bytes(body)

    def _vectors(self, body: bytes, count: int) -> list[list[float]]:
        """Read the vectors, in the order of the texts and of unit length."""
        try:
            data = json.loads(body)['data']
            rows = {int(row['index']): row['embedding'] for row in data}
            found = np.asarray([rows[number] for number in range(count)], np.float64)
            if found.ndim != 2 or len(rows) != count or not np.isfinite(found).all():
                raise ValueError(f'{len(rows)} vectors of shape {found.shape}')
        except (ValueError, KeyError, TypeError, RecursionError) as err:
            raise EngineError(
                f'{self.service} at {self._base_url} sends no embeddings '
                f'({type(err).__name__}: {err}); is it the right base_url?',
                retryable=True,
            ) from None
        if found.shape[1] != self.dimensions:
            raise EngineError(
                f'the model {self.model!r} of {self.service} gives {found.shape[1]} dimensions, '
                f'expected {self.dimensions}: set embedding.dimensions to {found.shape[1]}'
            )
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
        return unit.tolist()  # type: ignore[no-any-return]

    def _refusal(self, status: int, retry_after_s: float | None, body: bytes) -> EngineError:
        try:
            answer = json.loads(body)
            said = self._said(answer) if isinstance(answer, dict) else ''
        except (ValueError, RecursionError):
            said = body[:_MOST_SAID].decode('utf-8', 'replace')
        said = self._without_key(' '.join(said.split()))[:_MOST_SAID] or _UNKNOWN
        words = f'({status}: {said})'
        if status == 401:
            fix = f'{self.service} refuses the key: set {self.variable} to a valid one'
        elif status in (402, 403):
            fix = f'{self.service} does not allow this to the account of {self.variable}'
        elif status == 404:
            fix = (
                f'{self.service} has no model {self.model!r} at {self._base_url}: set '
                'embedding.model or embedding.base_url'
            )
        elif status == 429 or status >= 500:
            return EngineError(
                f'{self.service} gives no embeddings now {words}',
                retryable=True,
                retry_after_s=retry_after_s,
            )
        else:
            return _TextRefusedError(
                f'{self.service} refuses what is asked: check embedding.model {words}'
            )
        return EngineError(f'{fix} {words}')

    def _without_key(self, words: object) -> str:
        return str(words).replace(self._key, '***') if self._key else str(words)


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at once; where one fails, end the others and raise what it raised.

    Not a task group: in Python 3.11 one that has failed leaves its own cancellation counted
    against the task that waited for it. A deadline of whoever asked would then not be a
    TimeoutError any more but the end of the turn, without an answer.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
