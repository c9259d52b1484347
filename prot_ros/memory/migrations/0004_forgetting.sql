-- Forgetting: what was forgotten stays so, whoever still had it in hand.

-- Turns that people had forgotten: when they were, and nothing of what was said in them. A reply
-- that was still being spoken, a writer that tries again and a copy made before must not bring
-- them back.
CREATE TABLE forgotten (
    scope integer NOT NULL REFERENCES scope ON DELETE CASCADE,
    stamp bigint NOT NULL,
    PRIMARY KEY (scope, stamp)
);

-- After the insertion, with a look of its own at the table: one that waited for the forgetting to
-- end would not see in its own statement what it has just waited for.
CREATE FUNCTION stay_forgotten() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM forgotten WHERE scope = NEW.scope AND stamp = NEW.stamp) THEN
        DELETE FROM turn WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER turn_stays_forgotten AFTER INSERT ON turn
    FOR EACH ROW EXECUTE FUNCTION stay_forgotten();

-- How often something was forgotten: whoever makes a summary knows by it that what it was made from
-- has gone meanwhile.
ALTER TABLE scope ADD COLUMN forgettings bigint NOT NULL DEFAULT 0;

-- What a split was about, by turns, which stay when tellings are made anew: those that spoke of the
-- other one, and of the one that was kept. Noted when a rebuilding begins.
ALTER TABLE resolution ADD COLUMN other_stamps bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE resolution ADD COLUMN kept_stamps bigint[] NOT NULL DEFAULT '{}';

-- A rebuilding that has begun: at its end the decisions of people are applied again.
CREATE TABLE rebuilding (
    scope integer PRIMARY KEY REFERENCES scope ON DELETE CASCADE,
    begun_at timestamptz NOT NULL DEFAULT now(),
    turns bigint NOT NULL
);
