-- create_table
CREATE TABLE orders (
    id INTEGER NOT NULL,
    company_id INTEGER NOT NULL,
    code VARCHAR(20),
    paid BOOLEAN DEFAULT 0 NOT NULL,
    total NUMERIC(12, 2) DEFAULT 0,
    rate DOUBLE DEFAULT 0.5,
    note TEXT DEFAULT 'it''s \ here',
    data JSON DEFAULT '{}',
    raw VARBINARY(8) DEFAULT X'0001',
    at DATETIME DEFAULT CURRENT_TIMESTAMP,
    day DATE DEFAULT CURRENT_DATE,
    ref CHAR(32) DEFAULT (lower(hex(randomblob(4)) || hex(randomblob(2)) || '4' || substr(hex(randomblob(2)), 2) || substr('89AB', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6)))),
    "nothing" INTEGER DEFAULT NULL,
    mood VARCHAR(8) DEFAULT 'good',
    twice NUMERIC(12, 2) GENERATED ALWAYS AS (total * 2) STORED,
    PRIMARY KEY (id),
    FOREIGN KEY(company_id) REFERENCES companies (id) ON DELETE CASCADE,
    UNIQUE (code),
    CHECK (length(code) > 2),
    CONSTRAINT uq_orders_code UNIQUE (company_id, code),
    CONSTRAINT mood CHECK (mood IN ('good', 'it''s bad'))
);
CREATE INDEX ix_orders_company_id ON orders (company_id);
-- log: comments of table 'orders' passed over: SQLite keeps none

-- create_table: keys
CREATE TABLE a (
    id INTEGER NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE b (
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    CONSTRAINT pk_b PRIMARY KEY (x, y)
);
CREATE TABLE c (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
);
CREATE TABLE d (
    id INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE e (
    id INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(id) REFERENCES companies (id)
);
CREATE TABLE f (
    id INTEGER NOT NULL,
    PRIMARY KEY (id)
);
-- log: identity of column 'id' passed over: an integer primary key fills itself in

-- create_table: types
CREATE TABLE types (
    a SMALLINT,
    b INTEGER,
    c BIGINT,
    d TINYINT,
    e MEDIUMINT,
    f FLOAT,
    g REAL,
    h NUMERIC,
    i CHAR(3),
    j TEXT,
    k BLOB,
    l BINARY(4),
    m BIT(3),
    n DATE,
    o TIME,
    p DATETIME,
    q TIMESTAMP,
    r DATETIME,
    s INTEGER,
    t JSON,
    u CHAR(32),
    v INTEGER,
    w TEXT,
    x VARCHAR(2),
    CONSTRAINT plain CHECK (x IN ('a', 'bc'))
);

-- create_table: options
CREATE TABLE IF NOT EXISTS app.t (
    id INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE TEMPORARY TABLE p (
    at DATE
);

-- alter_table
-- unsupported: a STRICT table takes no type 'VARCHAR(255)': column 'name' of table 'products'
-- hint: Change it in the same batch: batch.alter_column("name", { type = … }).

-- alter_table: what it goes back to

-- alter_table: character set

-- alter_table: character set of a table that is not known

-- alter_table: other partitions

-- alter_table in a batch
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none',
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  a INTEGER,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
) WITHOUT ROWID; -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- create_table: unlogged
CREATE TABLE t (
    id INTEGER
);

-- drop_table, rename_table
DROP TABLE IF EXISTS products; -- foreign_keys_off
ALTER TABLE companies RENAME TO "Firms";

-- add_column
ALTER TABLE products ADD COLUMN "Order" INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE products ADD COLUMN owner_id INTEGER REFERENCES companies (id);
ALTER TABLE products ADD COLUMN sku VARCHAR(20);
CREATE INDEX ix_products_sku ON products (sku);
ALTER TABLE products ADD COLUMN weight INTEGER CONSTRAINT ck_weight CHECK (weight > 0);

-- add_columns
ALTER TABLE products ADD COLUMN a INTEGER;
ALTER TABLE products ADD COLUMN b INTEGER;

-- drop_column, rename_column
ALTER TABLE companies DROP COLUMN name;
ALTER TABLE products RENAME COLUMN name TO title;

-- alter_column: type
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(14, 4),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- alter_column: type with a default
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(300) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- alter_column: nullable, default, comment
SELECT 1 FROM products WHERE price IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2) NOT NULL DEFAULT 1,
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE TABLE _luamig_new_companies (
  id INTEGER NOT NULL,
  name VARCHAR(50) DEFAULT (upper('x')),
  PRIMARY KEY (id)
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_companies (id, name) SELECT id, name FROM companies; -- foreign_keys_off
DROP TABLE companies; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_companies RENAME TO companies; -- foreign_keys_off legacy_alter
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) NOT NULL,
  price NUMERIC(10, 2) DEFAULT 1 NOT NULL,
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- alter_column: all at once
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(300),
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
ALTER TABLE products RENAME COLUMN name TO title;

-- alter_column: restates ON UPDATE
SELECT 1 FROM products WHERE changed_at IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- create_index
CREATE UNIQUE INDEX ix_a ON products (name, price DESC);
CREATE INDEX ix_products_company_id ON products (company_id);
CREATE INDEX IF NOT EXISTS ix_c ON products (company_id);

-- create_index: of the server
CREATE INDEX ix_a ON products (name) WHERE price > 1;

-- create_index: expression
CREATE INDEX ix_e ON products (lower(name), (price + 1));

-- create_index: partial
CREATE INDEX ix_w ON products (name) WHERE price > 1;

-- drop_index, rename_index
DROP INDEX ix_products_price;
CREATE INDEX ix_price ON products (price);
DROP INDEX ix_price;

-- drop_index without its table
DROP INDEX ix_products_price;

-- constraints
CREATE TABLE _luamig_new_companies (
  id INTEGER NOT NULL,
  name VARCHAR(50),
  PRIMARY KEY (id),
  CONSTRAINT uq_c UNIQUE (name)
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_companies (id, name) SELECT id, name FROM companies; -- foreign_keys_off
DROP TABLE companies; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_companies RENAME TO companies; -- foreign_keys_off legacy_alter
CREATE TABLE _luamig_new_companies (
  id INTEGER NOT NULL,
  name VARCHAR(50),
  PRIMARY KEY (id),
  CONSTRAINT uq_c UNIQUE (name),
  CONSTRAINT ck_c CHECK (name <> '')
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_companies (id, name) SELECT id, name FROM companies; -- foreign_keys_off
DROP TABLE companies; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_companies RENAME TO companies; -- foreign_keys_off legacy_alter
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT fk_p FOREIGN KEY(company_id) REFERENCES companies (id) ON DELETE SET NULL
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
-- log: constraint 'fk_p' is valid already

-- constraints: deferrable
-- unsupported: SQLite 3.40 has no deferrable constraints other than foreign keys
-- hint: Leave out `deferrable` and `initially`.

-- constraints: exclude
-- unsupported: SQLite 3.40 has no exclusion constraints
-- hint: Check for overlaps in a trigger, or in the application.

-- rename_constraint
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_paid CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- drop_constraint by name
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- drop_constraint by kind
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- table comments
-- log: comment of table 'products' passed over: SQLite keeps none
-- log: comment of table 'products' passed over: SQLite keeps none

-- enums
-- log: op.create_enum passed over: SQLite has no enum types
-- log: op.add_enum_value passed over: no column is known to be of enum 'size' (change columns by op.alter_column where there are such)
-- log: op.rename_enum_value passed over: no column is known to be of enum 'size' (change columns by op.alter_column where there are such)
-- log: op.drop_enum passed over: SQLite has no enum types

-- set_enum_values of a type in use
SELECT state, count(*) FROM products WHERE state NOT IN ('new', 'old', 'active', 'gone') GROUP BY state; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(6) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old', 'active', 'gone'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
UPDATE products SET state = 'active' WHERE state = 'new';
SELECT state, count(*) FROM products WHERE state NOT IN ('active', 'old', 'gone') GROUP BY state; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(6) DEFAULT 'active',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('active', 'old', 'gone'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- remove_enum_value of a type in use
SELECT state, count(*) FROM products WHERE state NOT IN ('new', 'old') GROUP BY state; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
UPDATE products SET state = 'new' WHERE state = 'old';
SELECT state, count(*) FROM products WHERE state NOT IN ('new') GROUP BY state; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- views
DROP VIEW IF EXISTS v;
CREATE VIEW v (x) AS SELECT id FROM products;
DROP VIEW IF EXISTS v;

-- views with options
-- unsupported: SQLite 3.40 has no check options of views
-- hint: Its views take no changes, and have nobody's privileges.

-- views with the dialects' options
CREATE VIEW v AS SELECT id FROM products;

-- materialized views with options
-- unsupported: SQLite 3.40 has no materialized views
-- hint: Make a table of the query, and refresh it.

-- materialized views
-- unsupported: SQLite 3.40 has no materialized views
-- hint: Make a table of the query, and refresh it.

-- functions
-- unsupported: SQLite 3.40 cannot create a function
-- hint: Make the operation depend on op.dialect.

-- triggers
CREATE TRIGGER touch BEFORE UPDATE ON products FOR EACH ROW BEGIN UPDATE products SET price = 1 WHERE id = NEW.id; END;
DROP TRIGGER touch;

-- schemas
-- unsupported: SQLite 3.40 cannot create a schema (on MySQL a database)
-- hint: Make the operation depend on op.dialect.

-- sequences
-- unsupported: SQLite 3.40 cannot create a sequence
-- hint: Make the operation depend on op.dialect.

-- extensions
-- unsupported: SQLite 3.40 cannot create an extension (PostgreSQL)
-- hint: Make the operation depend on op.dialect.

-- domains
-- unsupported: SQLite 3.40 cannot create a domain (PostgreSQL)
-- hint: Make the operation depend on op.dialect.

-- execute
UPDATE products SET name = 'it''s' WHERE id = 1;
SELECT 1;
SELECT ':x';

-- execute: a transaction
-- script: COMMIT as SQL text would break the transaction that the revision runs in
-- hint: use conn:transaction(function() … end) for a part that may be rolled back, op.autocommit_block(function() … end) for statements outside of a transaction, op.commit() to commit here

-- bulk_insert
INSERT INTO products (id, name, price) VALUES
    (1, 'a''b\c', NULL),
    (2, 'x', 2);
INSERT INTO companies (id) VALUES
    (1),
    (2) ON CONFLICT DO NOTHING;
INSERT INTO companies (id) VALUES
    (3) ON CONFLICT DO NOTHING;
INSERT INTO companies (id) VALUES
    (4);
INSERT INTO companies (id) VALUES
    (5) ON CONFLICT DO NOTHING;

-- batch_alter_table
SELECT 1 FROM products WHERE price IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2) NOT NULL,
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  a INTEGER,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- batch_alter_table: what can stand in one statement
SELECT 1 FROM products WHERE price IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2) NOT NULL,
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  a INTEGER,
  b INTEGER,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  UNIQUE (a),
  FOREIGN KEY(b) REFERENCES companies (id),
  CONSTRAINT ck_a CHECK (a > b)
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE INDEX ix_a ON products (a, name);
-- log: comment of table 'products' passed over: SQLite keeps none

-- batch_alter_table: what builds on an earlier change
SELECT 1 FROM products WHERE price IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(12, 2) NOT NULL,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, state, changed_at) SELECT id, name, price, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE INDEX ix_titles ON products (name);
ALTER TABLE products RENAME COLUMN name TO title;
ALTER TABLE products RENAME COLUMN id TO id;
-- log: dropping the foreignkey constraint fk_company with column 'company_id'

-- batch_alter_table: what is made and dropped again
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- alter_column: an enum that is text
SELECT name, count(*) FROM products WHERE name NOT IN ('a', 'b') GROUP BY name; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(1) NOT NULL DEFAULT 'a',
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT names CHECK (name IN ('a', 'b'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
SELECT name, count(*) FROM products WHERE name NOT IN ('a', 'b', 'c') GROUP BY name; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(1) DEFAULT 'a' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT names CHECK (name IN ('a', 'b', 'c'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(20) DEFAULT 'a' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- alter_column: a default that says ON UPDATE
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- mysql_on_update: sql.now
CREATE TABLE clock (
    a DATETIME,
    b DATETIME,
    c DATETIME
);
-- log: comment of column 'clock.b' passed over: SQLite keeps none

-- create_table: keys that are alike
CREATE TABLE twins (
    id INTEGER NOT NULL,
    a INTEGER,
    b INTEGER,
    PRIMARY KEY (id),
    UNIQUE (id),
    UNIQUE (b),
    CONSTRAINT uq_1 UNIQUE (a, b),
    CONSTRAINT uq_2 UNIQUE (a, b),
    CONSTRAINT uq_3 UNIQUE (b, a),
    UNIQUE (a),
    UNIQUE (a)
);
CREATE TABLE IF NOT EXISTS triplets (
    a INTEGER,
    CONSTRAINT uq_4 UNIQUE (a),
    CONSTRAINT uq_5 UNIQUE (a),
    CONSTRAINT uq_6 UNIQUE (a)
);

-- mysql_invisible
SELECT 1 FROM products WHERE price IS NULL LIMIT 1; -- check_empty
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2) NOT NULL DEFAULT 0,
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old'))
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- create_index: mysql_length of every column
CREATE INDEX ix_lengths ON products (name);

-- create_table: lengths and operator classes by column
CREATE TABLE by_column (
    a VARCHAR(50),
    b VARCHAR(50)
);
CREATE INDEX ix_by_column ON by_column (a, b);

-- primary_key: mysql_length
CREATE TABLE keyed (
    a TEXT NOT NULL,
    b VARCHAR(50) NOT NULL,
    PRIMARY KEY (a, b)
);

-- create_table: an index that its AUTO_INCREMENT needs
-- unsupported: SQLite 3.40 has no autoincrement outside a primary key of one integer column
-- hint: Leave out `autoincrement`.

-- alter_column: nothing

-- constraints: what is never deferred
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT uq_price UNIQUE (price)
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT uq_price UNIQUE (price),
  CONSTRAINT fk_two FOREIGN KEY(id) REFERENCES companies (id) NOT DEFERRABLE INITIALLY IMMEDIATE
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- create_foreign_key: initially deferred
CREATE TABLE _luamig_new_products (
  id INTEGER NOT NULL,
  name VARCHAR(255) DEFAULT 'none' NOT NULL,
  price NUMERIC(10, 2),
  company_id INTEGER,
  state VARCHAR(3) DEFAULT 'new',
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  CONSTRAINT uq_products_name UNIQUE (name),
  CONSTRAINT ck_price CHECK (price > 0),
  CONSTRAINT fk_company FOREIGN KEY(company_id) REFERENCES companies (id),
  CONSTRAINT state CHECK (state IN ('new', 'old')),
  CONSTRAINT fk_two FOREIGN KEY(id) REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED
); -- foreign_keys_off
INSERT OR ABORT INTO _luamig_new_products (id, name, price, company_id, state, changed_at) SELECT id, name, price, company_id, state, changed_at FROM products; -- foreign_keys_off
DROP TABLE products; -- foreign_keys_off legacy_alter
ALTER TABLE _luamig_new_products RENAME TO products; -- foreign_keys_off legacy_alter
CREATE INDEX ix_products_price ON products (price);

-- drop_index: by its columns
CREATE INDEX ix_products_name ON products (name);
DROP INDEX ix_products_name;
