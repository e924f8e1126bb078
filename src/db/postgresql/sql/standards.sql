-- where a table is put that names no tablespace
SELECT t.spcname
FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
WHERE d.datname = current_database()
