# SPDX-License-Identifier: Apache-2.0
"""Finds what matters to what was just said: one statement, whose work is bounded in every part.

Words find facts; names find entities; vectors find entities and turns. From the entities it goes
one and two links further along what is true now, never through the user, who is linked to all.
Facts about the user are always among the candidates: those that make them who they are, and the
newest. `ranking` decides.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from asyncpg import Connection, Record

from prot_ros.core.circles import circles_spoken_of
from prot_ros.core.facts import OWNED, USER, Fact
from prot_ros.memory.knowledge.timeline import slot
from prot_ros.memory.retrieval.ranking import Candidate, rank
from prot_ros.memory.retrieval.recall import Recall
from prot_ros.memory.retrieval.terms import terms
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.scopes import Scope


@dataclass(frozen=True)
class Reach:
    """How far each channel looks; 0 switches it off."""

    common: int = 120
    """Facts with one word beyond which the word tells nothing, and is not looked up further."""
    words: int = 50
    """Facts found by their words."""
    names: int = 8
    """Entities found by what they are called."""
    near_entities: int = 8
    near_turns: int = 12
    links: int = 10
    """Facts of one entity, in each direction, the latest."""
    further: int = 12
    """Entities two links away, with at most 4 facts each."""
    own: int = 40
    """Facts about the user, the latest."""
    ranked: int = 60
    """Facts of which more is read than where they are."""
    scanned: int = 1_000
    """Newest vectors that are compared one by one."""


EVERYWHERE = Reach()

# How far it looks, and which scopes and space, are numbers of ours that stand in the statement
# itself: so it is planned once for all, by what it will really read, and an index over a part of a
# table is chosen. Whose facts are looked for it does not know then, and takes them for few, so
# that it might as well read all of the user's and sort them: it did, after some months. Of a range
# it expects many, which only the index that has their order can give it one after the other.
_CANDIDATES = """
WITH heard AS (
    SELECT unnest($1::int[]) AS scope
), words AS MATERIALIZED (
    {with_words}
), called AS MATERIALIZED (
    {with_names}
), near_entity AS MATERIALIZED (
    SELECT entity, similarity FROM ({near_entity}) AS near
    ORDER BY similarity DESC LIMIT {near_entities}
), near_turn AS MATERIALIZED (
    SELECT turn, similarity FROM ({near_turn}) AS near
    ORDER BY similarity DESC LIMIT {near_turns}
), seed AS MATERIALIZED (
    SELECT entity, max(weight) AS weight
    FROM (
        SELECT entity, weight / nullif(max(weight) OVER (), 0) AS weight FROM called
        UNION ALL
        SELECT entity, similarity FROM near_entity WHERE similarity >= {near}
    ) AS either
    GROUP BY entity
), member AS MATERIALIZED (
    SELECT m.entity
    FROM heard
    JOIN community AS c ON c.scope = heard.scope AND c.circle = ANY ($4::text[])
    JOIN community_member AS m ON m.community = c.id
    LIMIT 30
), near_link AS MATERIALIZED (
    SELECT linked.id, linked.subject, linked.object, max(ends.weight) AS weight,
           bool_or(ends.circle) AS circle
    FROM (
        SELECT entity, weight, false AS circle FROM seed
        UNION ALL
        SELECT entity, 0, true FROM member
    ) AS ends
    CROSS JOIN LATERAL (
        (SELECT id, subject, object FROM fact
         WHERE (subject, last_turn) <= (ends.entity, {latest}) AND subject >= ends.entity AND live
         ORDER BY subject DESC, last_turn DESC LIMIT {links})
        UNION ALL
        (SELECT id, subject, object FROM fact
         WHERE (object, last_turn) <= (ends.entity, {latest}) AND object >= ends.entity AND live
         ORDER BY object DESC, last_turn DESC LIMIT {links})
    ) AS linked
    GROUP BY linked.id, linked.subject, linked.object
), other_end AS MATERIALIZED (
    SELECT far.entity, max(near_link.weight) AS weight
    FROM near_link
    CROSS JOIN LATERAL (VALUES (near_link.subject), (near_link.object)) AS far (entity)
    WHERE far.entity IS NOT NULL AND far.entity <> $7
        AND NOT EXISTS (SELECT FROM seed WHERE seed.entity = far.entity)
    GROUP BY far.entity ORDER BY weight DESC, far.entity DESC LIMIT {further}
), far_link AS MATERIALIZED (
    SELECT linked.id, max(other_end.weight) AS weight
    FROM other_end
    CROSS JOIN LATERAL (
        (SELECT id FROM fact
         WHERE (subject, last_turn) <= (other_end.entity, {latest})
             AND subject >= other_end.entity AND live
         ORDER BY subject DESC, last_turn DESC LIMIT 4)
        UNION ALL
        (SELECT id FROM fact
         WHERE (object, last_turn) <= (other_end.entity, {latest})
             AND object >= other_end.entity AND live
         ORDER BY object DESC, last_turn DESC LIMIT 4)
    ) AS linked
    GROUP BY linked.id
), told_near AS MATERIALIZED (
    SELECT f.id, max(near_turn.similarity) AS similarity
    FROM near_turn
    CROSS JOIN LATERAL (
        SELECT id FROM telling WHERE turn = near_turn.turn ORDER BY nth LIMIT 20
    ) AS t
    CROSS JOIN LATERAL (SELECT id FROM fact WHERE telling = t.id AND live LIMIT 1) AS f
    GROUP BY f.id
), own AS MATERIALIZED (
    SELECT id FROM fact
    WHERE (subject, last_turn) <= ($7, {latest}) AND subject >= $7 AND live
    ORDER BY subject DESC, last_turn DESC LIMIT {own}
), found AS (
    SELECT fact AS id, weight / nullif(max(weight) OVER (), 0) AS words, 0.0 AS name,
           false AS circle, 0.0 AS further, 0.0 AS similarity
    FROM words
    UNION ALL SELECT id, 0, weight, circle, 0, 0 FROM near_link
    UNION ALL SELECT id, 0, 0, false, weight, 0 FROM far_link
    UNION ALL SELECT id, 0, 0, false, 0, similarity FROM told_near
    UNION ALL SELECT id, 0, 0, false, 0, 0 FROM own
), candidate AS MATERIALIZED (
    SELECT id, max(words)::float8 AS words, max(name)::float8 AS name, bool_or(circle) AS circle,
           max(further)::float8 AS further, max(similarity)::float8 AS similarity
    FROM found GROUP BY id
    -- About as `ranking` will: what could not be among the first is not read any further.
    ORDER BY max(words) + max(name) / 2 + max(similarity) / 2 + max(further) / 5
        + bool_or(circle)::int * 0.45 DESC, id DESC
    LIMIT {ranked}
), identity AS (
    SELECT id FROM fact WHERE scope = $5 AND slot = ANY ($6::text[]) AND live
)
SELECT f.scope, f.last_turn, f.subject, f.predicate, f.object, f.text, f.person,
       f.about = $7 AS of_user, f.slot = ANY ($6::text[]) AS identity, chosen.words,
       chosen.name, chosen.circle, chosen.further, chosen.similarity
FROM (
    SELECT * FROM candidate
    UNION ALL
    SELECT id, 0, 0, false, 0, 0 FROM identity
    WHERE NOT EXISTS (SELECT FROM candidate WHERE candidate.id = identity.id)
) AS chosen
-- With a limit, or the planner reads all facts to join them to what it takes for thousands.
CROSS JOIN LATERAL (
    SELECT fact.scope, fact.slot, fact.last_turn, fact.subject AS about, t.subject,
           t.predicate, t.object, t.text, s.person
    FROM fact JOIN telling AS t ON t.id = fact.telling JOIN scope AS s ON s.id = fact.scope
    WHERE fact.id = chosen.id AND live AND (valid_to IS NULL OR valid_to > now())
    LIMIT 1
) AS f
"""
# What has the rarest of the wanted terms.
_HAVING = """
    SELECT hit.{item}, sum(ln(1 + {common}.0::float8 / held.count)) AS weight
    FROM unnest($2::text[]) AS wanted (term)
    CROSS JOIN LATERAL (
        -- As one value: taken row by row, what common words have cost more than all the rest.
        SELECT array_agg(newest.{item}) AS items, count(*) AS count
        FROM heard
        CROSS JOIN LATERAL (
            SELECT {item} FROM {item}_term
            WHERE scope = heard.scope AND term = wanted.term
            ORDER BY {item} DESC LIMIT {common} + 1
        ) AS newest
    ) AS held
    CROSS JOIN LATERAL unnest(held.items) AS hit ({item})
    WHERE held.count <= {common}
    GROUP BY hit.{item} ORDER BY weight DESC, hit.{item} DESC LIMIT {limit}
"""
_NEWEST = """
(SELECT {item}, 1 - (vector <=> $3) AS similarity
 FROM (SELECT {item}, vector FROM {table}
       WHERE scope = {scope} AND space = {space} AND $3::halfvec IS NOT NULL
       ORDER BY {item} DESC LIMIT {scanned}) AS newest
 ORDER BY vector <=> $3 LIMIT {limit})
"""
_NEAREST = """
(SELECT {item}, 1 - (vector::halfvec({dimensions}) <=> $3::halfvec({dimensions})) AS similarity
 FROM {table}
 WHERE scope = {scope} AND space = {space} AND $3::halfvec IS NOT NULL
 ORDER BY vector::halfvec({dimensions}) <=> $3::halfvec({dimensions}) LIMIT {limit})
"""
IDENTITY = ('name', 'lives in')
"""Predicates of which the user has one value each, and which make them who they are."""
_THE_USER = re.compile(r'\b[Tt]he user\b|사용자')
_LATEST = 2**63 - 1
NEAR_ENTITY = 0.35
"""Cosine from which an entity may be meant."""


@lru_cache(maxsize=16)
def statement(heard: tuple[int, ...], space: Space, reach: Reach = EVERYWHERE) -> str:
    """Return the statement that looks through these scopes."""

    def near(item: str, limit: int, indexed: frozenset[int]) -> str:
        return ' UNION ALL '.join(
            (_NEAREST if scope in indexed else _NEWEST).format(
                item=item,
                table=f'{item}_vector',
                scope=int(scope),
                space=int(space.number),
                dimensions=int(space.dimensions),
                scanned=int(reach.scanned),
                limit=int(limit),
            )
            for scope in heard
        )

    def having(item: str, limit: int) -> str:
        return _HAVING.format(item=item, common=int(reach.common), limit=int(limit))

    return _CANDIDATES.format(
        with_words=having('fact', reach.words),
        with_names=having('entity', reach.names),
        near_entity=near('entity', reach.near_entities, space.entities_indexed),
        near_turn=near('turn', reach.near_turns, space.turns_indexed),
        near=NEAR_ENTITY,
        latest=_LATEST,
        **{name: int(number) for name, number in asdict(reach).items()},
    )


async def recall(
    connection: Connection,
    scope: Scope,
    text: str,
    vector: list[float],
    space: Space,
    limit: int,
    reach: Reach = EVERYWHERE,
) -> Recall:
    """Return at most `limit` facts that are true now. `vector` is that of the text in `space`."""
    rows = await connection.fetch(
        statement(scope.heard, space, reach),
        list(scope.heard),
        list(terms(text)),
        vector if any(vector) else None,
        list(circles_spoken_of(text)),
        scope.number,
        [slot(scope.user, Fact(USER, predicate, '', '')) for predicate in IDENTITY],
        scope.user,
    )
    ranked = rank((_candidate(row, scope) for row in rows), limit)
    return Recall(tuple(each.fact for each in ranked), tuple(each.reason for each in ranked))


def _candidate(row: Record, scope: Scope) -> Candidate:
    # In the order of the columns: by their names it took as long as all the ranking.
    (
        told_to, number, subject, predicate, object_, text, person,
        of_user, identity, words, name, circle, further, similarity,
    ) = row  # fmt: skip
    fact = Fact(subject, predicate, object_, text)
    if told_to != scope.number:
        fact = _told_by(fact, person)
    return Candidate(number, fact, words, similarity, name, further, circle, of_user, identity)


def _told_by(fact: Fact, person: str) -> Fact:
    """In another's memory the user is that other person."""
    subject = fact.subject
    if subject == USER or subject.startswith(OWNED):
        subject = person + subject.removeprefix(USER)
    # A function, because in a pattern's replacement a name's backslashes would mean something.
    text = _THE_USER.sub(lambda _: person, fact.text)
    return replace(fact, subject=subject, text=f'{person} told: {text}')
