ALTER TABLE batch DROP COLUMN tallied;
DROP TRIGGER recipient_tally ON recipient;
DROP FUNCTION recipient_tally;
DROP TABLE recipient_tally;
