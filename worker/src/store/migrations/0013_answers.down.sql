ALTER TABLE worker_state DROP COLUMN answers, DROP COLUMN answers_slow, DROP COLUMN answers_failed;
