DROP TABLE witness;
