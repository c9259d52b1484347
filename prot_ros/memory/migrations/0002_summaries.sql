-- Notes on what was said before the conversation that a language model is shown. Each new one takes
-- up the one before, so only the latest is read; those before it tell how it came about. They go
-- together with the turns that they are made from.
CREATE TABLE summary (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text NOT NULL,
    -- The latest turn that it covers.
    through bigint NOT NULL REFERENCES turn ON DELETE CASCADE,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX summary_of_person ON summary (person, id);
CREATE INDEX summary_of_turn ON summary (through);
