DROP TABLE lease, rate, idempotency, event_flush, event, chunk, attempt, recipient, batch;
