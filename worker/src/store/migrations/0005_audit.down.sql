DROP TABLE audit_flush, audit;
