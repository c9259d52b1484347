-- Vectors stay in their rows. Out of a row of more than 2 kB a large value is taken otherwise, and
-- kept in pieces elsewhere: comparing with a thousand vectors of 1,024 dimensions, each put
-- together first, took 3.5 ms instead of 0.5. Of more than 4,000 dimensions they do not fit.
ALTER TABLE turn_vector SET (toast_tuple_target = 8160);
ALTER TABLE entity_vector SET (toast_tuple_target = 8160);

-- Those that are there move into their rows, unless there are so many that it would keep the robot
-- from starting. Where there are many, only the newest are compared one by one, and those are soon
-- of the new kind. Indexes over vectors would take minutes to move with them; they are made again
-- in the background.
DO $$
DECLARE
    place text;
    made regclass;
BEGIN
    FOREACH place IN ARRAY ARRAY['turn_vector', 'entity_vector'] LOOP
        CONTINUE WHEN pg_table_size(place::regclass) > 64 * 1024 * 1024;
        FOR made IN
            SELECT i.indexrelid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = place::regclass AND c.relname LIKE '%\_hnsw\_%'
        LOOP
            EXECUTE format('DROP INDEX %s', made);
        END LOOP;
        EXECUTE format('CLUSTER %I USING %I', place, place || '_pkey');
        EXECUTE format('ALTER TABLE %I SET WITHOUT CLUSTER', place);
    END LOOP;
END
$$;
