-- The graph: entities, what is said of them and when it was so, and the circles they form.
-- What was derived before is derived anew from the turns, which stay as they are.

-- One person's memory with one robot. Nothing is ever looked up in another scope, unless that
-- scope is shared: then everyone who talks with the same robot may hear what is told in it.
CREATE TABLE scope (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    robot text NOT NULL,
    person text NOT NULL,
    shared boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (robot, person)
);

INSERT INTO scope (robot, person) SELECT DISTINCT '', person FROM turn ORDER BY person;

ALTER TABLE turn ADD COLUMN scope integer REFERENCES scope ON DELETE CASCADE;
UPDATE turn SET scope = scope.id FROM scope WHERE scope.person = turn.person;
ALTER TABLE turn ALTER COLUMN scope SET NOT NULL;
ALTER TABLE turn DROP COLUMN person; -- and the constraint and the index that begin with it
ALTER TABLE turn ADD UNIQUE (scope, stamp);
CREATE INDEX turn_of_scope ON turn (scope, id);
-- Who said it, by name; '' where that is not known.
ALTER TABLE turn ADD COLUMN speaker text NOT NULL DEFAULT '';

ALTER TABLE summary ADD COLUMN scope integer REFERENCES scope ON DELETE CASCADE;
UPDATE summary SET scope = scope.id FROM scope WHERE scope.person = summary.person;
ALTER TABLE summary ALTER COLUMN scope SET NOT NULL;
ALTER TABLE summary DROP COLUMN person;
CREATE INDEX summary_of_scope ON summary (scope, id);

DROP TABLE fact_vector, fact_term, fact, extraction;

-- The outbox: what is still to be extracted. A table of its own, because a worker locks its row
-- for as long as the extraction takes, and meanwhile the reply is written into the turn.
CREATE TABLE extraction (
    turn bigint PRIMARY KEY REFERENCES turn ON DELETE CASCADE,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    extracted_at timestamptz,
    -- What read the turn, such as `offline-2` or `claude-1`.
    extractor text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    failure text,
    retry_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX extraction_waiting ON extraction (scope, turn) WHERE extracted_at IS NULL;
INSERT INTO extraction (turn, scope) SELECT id, scope FROM turn WHERE utterance <> '';

-- Whom and what is talked about. `name` is how people say it, '' where only a role is known.
CREATE TABLE entity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    -- What is known of it in a few sentences, made from its facts.
    summary text NOT NULL DEFAULT '',
    -- The latest turn that spoke of it.
    last_turn bigint NOT NULL,
    mentions integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
-- Counters change in place: vectors, and what is still to be described, lie elsewhere.

CREATE INDEX entity_of_scope ON entity (scope, id);
-- One user in each scope.
CREATE UNIQUE INDEX entity_user ON entity (scope) WHERE kind = 'user';

-- Entities of which something new is known that their summaries do not say yet.
CREATE TABLE undescribed (
    entity bigint PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
    scope integer NOT NULL
);

CREATE INDEX undescribed_of_scope ON undescribed (scope, entity);

-- What a turn said, as it was read: the raw material of everything below, one row for each thing
-- said. Facts are these, folded in the order of the turns; so a turn can be read again, forgotten,
-- or read late, and the facts are as if it had always been so.
CREATE TABLE telling (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    turn bigint NOT NULL REFERENCES turn ON DELETE CASCADE,
    -- Its place among what the turn said.
    nth smallint NOT NULL,
    subject text NOT NULL,
    predicate text NOT NULL,
    object text NOT NULL,
    text text NOT NULL,
    -- When it became true and ceased to be, where that was said.
    since timestamptz,
    until timestamptz,
    -- `holds`, `ceased` or `denied`: true, no longer true, never true.
    standing text NOT NULL,
    subject_entity bigint NOT NULL REFERENCES entity,
    -- NULL where the object is no entity but a value, such as an age.
    object_entity bigint REFERENCES entity,
    -- Of all that is told in one slot only one thing can be true at a time.
    slot text NOT NULL,
    UNIQUE (turn, nth)
);

CREATE INDEX telling_in_slot ON telling (scope, slot, turn);
CREATE INDEX telling_of_subject ON telling (subject_entity);
CREATE INDEX telling_of_object ON telling (object_entity) WHERE object_entity IS NOT NULL;

-- What an entity is called: names as they are compared, over letter case, scripts and spellings,
-- and what it is to the user, such as `user's sister`.
CREATE TABLE alias (
    scope integer NOT NULL,
    key text NOT NULL,
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    name text NOT NULL,
    PRIMARY KEY (scope, key, entity)
);

CREATE INDEX alias_of_entity ON alias (entity);

-- What is or was true: `valid_from` to `valid_to` in the world, `learnt_at` to `ended_at` in what
-- the robot knew. Made from the tellings of a slot; nothing here is the only copy of anything.
CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    slot text NOT NULL,
    subject bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    object bigint REFERENCES entity ON DELETE CASCADE,
    -- The latest that said so, in whose words it stands.
    telling bigint NOT NULL REFERENCES telling ON DELETE CASCADE,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    learnt_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Whether it was true when the slot was last told of, or was going to be.
    live boolean NOT NULL,
    -- The latest turn that said so, and how many did.
    last_turn bigint NOT NULL,
    told integer NOT NULL
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX fact_endless ON fact (scope, slot) WHERE valid_to IS NULL;
CREATE INDEX fact_in_slot ON fact (scope, slot);
-- Hops: the latest facts of an entity first, so that reading a few of a hub is cheap.
CREATE INDEX fact_live_of_subject ON fact (subject, last_turn) WHERE live;
CREATE INDEX fact_live_of_object ON fact (object, last_turn)
    WHERE live AND object IS NOT NULL;
CREATE INDEX fact_of_subject ON fact (subject);
CREATE INDEX fact_of_object ON fact (object) WHERE object IS NOT NULL;
CREATE INDEX fact_of_telling ON fact (telling);

-- Words, of live facts, of what entities are called, and of turns. Reading at most so many entries
-- of each word keeps common words cheap.
CREATE TABLE fact_term (
    scope integer NOT NULL,
    term text NOT NULL,
    fact bigint NOT NULL REFERENCES fact ON DELETE CASCADE,
    PRIMARY KEY (scope, term, fact)
);
CREATE INDEX fact_term_of_fact ON fact_term (fact);

CREATE TABLE entity_term (
    scope integer NOT NULL,
    term text NOT NULL,
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    PRIMARY KEY (scope, term, entity)
);
CREATE INDEX entity_term_of_entity ON entity_term (entity);

CREATE TABLE turn_term (
    scope integer NOT NULL,
    term text NOT NULL,
    turn bigint NOT NULL REFERENCES turn ON DELETE CASCADE,
    PRIMARY KEY (scope, term, turn)
);
CREATE INDEX turn_term_of_turn ON turn_term (turn);

-- Vectors are comparable only within one space, that of one embedder.
CREATE TABLE space (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    dimensions integer NOT NULL
);

-- Every index begins with the scope: one in the order of turns alone would tempt the planner to
-- look for one person's turns among everybody's. Indexes over vectors are made for a scope when it
-- has become large (`memory/retrieval/vector_indexes.py`).
CREATE TABLE turn_vector (
    scope integer NOT NULL,
    space smallint NOT NULL REFERENCES space ON DELETE CASCADE,
    turn bigint NOT NULL REFERENCES turn ON DELETE CASCADE,
    vector halfvec NOT NULL,
    PRIMARY KEY (scope, space, turn)
);
-- Hashed: one in the order of turns would tempt the planner to look for one person's turns among
-- everybody's.
CREATE INDEX turn_vector_of_turn ON turn_vector USING hash (turn);

CREATE TABLE entity_vector (
    scope integer NOT NULL,
    space smallint NOT NULL REFERENCES space ON DELETE CASCADE,
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    vector halfvec NOT NULL,
    PRIMARY KEY (scope, space, entity)
);
CREATE INDEX entity_vector_of_entity ON entity_vector (entity);

-- Circles of entities: a family, colleagues, what goes together in talk.
CREATE TABLE community (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    -- A circle that everybody has, such as `family`; '' for one that was found in talk.
    circle text NOT NULL,
    name text NOT NULL,
    summary text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX community_of_scope ON community (scope, circle);

CREATE TABLE community_member (
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    community bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    PRIMARY KEY (entity, community)
);
CREATE INDEX community_member_of_community ON community_member (community);

-- What was said to be one, or two: by whom it was decided, and what it takes to undo it.
CREATE TABLE resolution (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    decided_at timestamptz NOT NULL DEFAULT now(),
    -- `merge` or `split`.
    action text NOT NULL,
    -- `operator`, or the turn that told it.
    decided_by text NOT NULL,
    kept bigint NOT NULL,
    other bigint NOT NULL,
    -- Keys of their names, by which the decision is found again after everything was derived anew.
    kept_key text NOT NULL,
    other_key text NOT NULL,
    kind text NOT NULL,
    other_name text NOT NULL,
    -- The ends of tellings that changed hands: telling numbers.
    subjects bigint[] NOT NULL,
    objects bigint[] NOT NULL,
    undone_at timestamptz
);
CREATE INDEX resolution_of_scope ON resolution (scope, id);
