-- For tidings without our mark. Here and not in recipient, whose updates touch no index; SMTP has no tidings.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempt_message ON attempt (provider_message_id)
  WHERE provider_message_id IS NOT NULL AND provider <> 'smtp';
