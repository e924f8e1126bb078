-- what belongs to a database and schema.lua has no word for: what it is, its name; whether tables may need it, its place,
-- what makes it (or the SHOW CREATE that knows it) and what takes it away, the table that it goes with and its schema
-- (triggers by event_object_schema: MariaDB opens the tables of all databases for trigger_schema, which is the same)
SELECT kind, name, early, place, COALESCE(CONCAT('SHOW CREATE ', word, ' ', title), CONCAT('ALTER TABLE ', title, change_to)),
       CASE WHEN dropped THEN CONCAT('DROP ', word, ' ', title) END, of_table, CASE WHEN db <> DATABASE() THEN db END
FROM (
  SELECT place, kind, name, early, word, change_to, dropped, db, CASE WHEN word = 'TRIGGER' THEN of_table WHEN dropped THEN NULL ELSE object END AS of_table,
         CONCAT(CASE WHEN db = DATABASE() THEN '' ELSE CONCAT('`', REPLACE(db, '`', '``'), '`.') END, '`', REPLACE(object, '`', '``'), '`') AS title
  FROM (
    SELECT 1 AS place, 'partitions of' AS kind, table_name AS name, 0 AS early, 'TABLE' AS word, NULL AS change_to, 0 AS dropped,
           table_schema AS db, table_name AS object, NULL AS of_table
    FROM information_schema.partitions
    WHERE table_schema = COALESCE(?, DATABASE()) AND partition_name IS NOT NULL GROUP BY table_schema, table_name
    UNION ALL
    /*mysql*/
    SELECT 3, 'INVISIBLE indexes', CONCAT(index_name, ' on ', table_name), 0, NULL,
           CONCAT(' ALTER INDEX `', REPLACE(index_name, '`', '``'), '` INVISIBLE'), 0, table_schema, table_name, NULL
    FROM information_schema.statistics
    WHERE table_schema = COALESCE(?, DATABASE()) AND is_visible = 'NO' GROUP BY table_schema, table_name, index_name
    /*end*/
    /*mariadb*/
    SELECT 2, CASE table_type WHEN 'SEQUENCE' THEN 'sequences' ELSE 'system versioning of' END, table_name, table_type = 'SEQUENCE',
           CASE table_type WHEN 'SEQUENCE' THEN 'SEQUENCE' END, NULL, table_type = 'SEQUENCE', table_schema, table_name, NULL
    FROM information_schema.tables
    WHERE table_schema = COALESCE(?, DATABASE()) AND table_type IN ('SEQUENCE', 'SYSTEM VERSIONED')
    UNION ALL
    SELECT 3, 'IGNORED indexes', CONCAT(index_name, ' on ', table_name), 0, NULL,
           CONCAT(' ALTER INDEX `', REPLACE(index_name, '`', '``'), '` IGNORED'), 0, table_schema, table_name, NULL
    FROM information_schema.statistics
    WHERE table_schema = COALESCE(?, DATABASE()) AND ignored = 'YES' GROUP BY table_schema, table_name, index_name
    UNION ALL -- a table has one at most
    SELECT 3, 'options of VECTOR indexes', CONCAT(index_name, ' on ', table_name), 0, 'TABLE', NULL, 0, table_schema, table_name, NULL
    FROM information_schema.statistics
    WHERE table_schema = COALESCE(?, DATABASE()) AND index_type = 'VECTOR'
    /*end*/
    UNION ALL
    SELECT 4, CASE WHEN MAX(s.collation) = 'D' THEN 'DESC in primary keys of' ELSE 'BTREE of primary keys' END, s.table_name, 0, NULL,
           CONCAT(' DROP PRIMARY KEY, ADD PRIMARY KEY', CASE WHEN MAX(t.engine) = 'MEMORY' THEN ' USING BTREE' ELSE '' END, ' (',
                  GROUP_CONCAT('`', REPLACE(s.column_name, '`', '``'), '`', COALESCE(CONCAT('(', s.sub_part, ')'), ''),
                               CASE s.collation WHEN 'D' THEN ' DESC' ELSE '' END ORDER BY s.seq_in_index), ')'),
           0, s.table_schema, s.table_name, NULL
    FROM information_schema.statistics s JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE s.table_schema = COALESCE(?, DATABASE()) AND s.index_name = 'PRIMARY'
    GROUP BY s.table_schema, s.table_name
    HAVING MAX(s.collation) = 'D' OR (MAX(t.engine) = 'MEMORY' AND MAX(s.index_type) = 'BTREE')
    UNION ALL -- by the order in which those of an event fire
    SELECT 10 + action_order, 'triggers', CONCAT(trigger_name, ' on ', event_object_table), 0, 'TRIGGER', NULL, 0, trigger_schema, trigger_name, event_object_table
    FROM information_schema.triggers WHERE event_object_schema = COALESCE(?, DATABASE())
    UNION ALL
    SELECT 7, 'functions and procedures', routine_name, 1, routine_type, NULL, 1, routine_schema, routine_name, NULL
    FROM information_schema.routines WHERE routine_schema = COALESCE(?, DATABASE())
    UNION ALL
    SELECT 8, 'events', event_name, 0, 'EVENT', NULL, 1, event_schema, event_name, NULL
    FROM information_schema.events WHERE event_schema = COALESCE(?, DATABASE())
    /*periods*/
    UNION ALL
    SELECT 10, 'periods', CONCAT(table_name, '.', period), 0, NULL, NULL, 0, table_schema, table_name, NULL
    FROM information_schema.periods
    WHERE table_schema = COALESCE(?, DATABASE()) AND period <> 'SYSTEM_TIME'
    /*end*/
    /*checks*/ -- what may be a period: its definition tells
    UNION ALL
    SELECT 10, 'periods', CONCAT(table_name, '.', constraint_name), 0, 'TABLE', NULL, 0, constraint_schema, table_name, NULL
    FROM information_schema.check_constraints
    WHERE constraint_schema = COALESCE(?, DATABASE()) AND level = 'Table' AND check_clause REGEXP '^`.+` < `.+`$'
    /*end*/
  ) found
) titled
ORDER BY place, kind, name
