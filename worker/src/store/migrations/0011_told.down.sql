DROP INDEX IF EXISTS recipient_tally_uncertain;
DROP TABLE standstill;
DROP TABLE worker_state;
