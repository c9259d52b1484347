-- Turns are the ground truth: what was said and what was heard. Everything else is derived from
-- them and can be made again.
CREATE TABLE turn (
    -- The order in which turns were told. Clocks are stepped back, or simulated; this is not.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    -- The turn's name in the conversation: nanoseconds of the robot's clock.
    stamp bigint NOT NULL CHECK (stamp >= 0),
    source text NOT NULL,
    utterance text NOT NULL,
    said text NOT NULL DEFAULT '',
    heard text NOT NULL DEFAULT '',
    cut boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    replied_at timestamptz,
    UNIQUE (person, stamp)
);

CREATE INDEX turn_of_person ON turn (person, id);

-- The outbox: what is still to be extracted. A table of its own, because a worker locks its row
-- for as long as the extraction takes, and meanwhile the reply is written into the turn.
CREATE TABLE extraction (
    turn bigint PRIMARY KEY REFERENCES turn ON DELETE CASCADE,
    person text NOT NULL,
    extracted_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    failure text,
    retry_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX extraction_waiting ON extraction (person, turn) WHERE extracted_at IS NULL;

CREATE TABLE fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    subject text NOT NULL,
    predicate text NOT NULL,
    object text NOT NULL,
    text text NOT NULL,
    subject_key text NOT NULL,
    object_key text NOT NULL,
    -- Of all facts with one slot only one can be true at a time.
    slot text NOT NULL,
    turn bigint NOT NULL REFERENCES turn ON DELETE CASCADE,
    -- The latest turn that told the same again.
    confirmed_by bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    learnt_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (person, id)
);

CREATE UNIQUE INDEX fact_live ON fact (person, slot) WHERE valid_to IS NULL;
CREATE INDEX fact_live_about ON fact (person, subject_key, id) WHERE valid_to IS NULL;
CREATE INDEX fact_of_turn ON fact (turn);

-- Words of live facts. Reading at most so many entries of each word keeps common words cheap.
CREATE TABLE fact_term (
    person text NOT NULL,
    term text NOT NULL,
    fact bigint NOT NULL REFERENCES fact ON DELETE CASCADE,
    PRIMARY KEY (person, term, fact)
);

CREATE INDEX fact_term_of_fact ON fact_term (fact);

-- Vectors of live facts. Each is comparable only within its space, that of one embedder. Every
-- index begins with the person: one in the order of facts alone would tempt the planner to look
-- for one person's facts among everybody's.
CREATE TABLE fact_vector (
    person text NOT NULL,
    space text NOT NULL,
    fact bigint NOT NULL,
    vector halfvec NOT NULL,
    PRIMARY KEY (person, space, fact),
    FOREIGN KEY (person, fact) REFERENCES fact (person, id) ON DELETE CASCADE
);
