-- The example project's migrations, on SQLite in memory or on the server that LUAMIG_TEST_URL names.
--
--   luamig test spec/migrations          busted --lua=lua5.4 spec/migrations
local luamig = require "luamig"

local companies_and_users = "4f1d2a90c3b7"
local orders              = "c27a90e4d615"
local split_names         = "e93b5c18a04d"
local search              = "f5027d6b91ce"
local totals              = "17d8e4a6b3f0"

describe("the shop", function()
  local db

  before_each(function() db = luamig.testing.database() end)
  after_each(function() db:drop() end)

  local function two_users()
    db:execute("INSERT INTO companies (id, name) VALUES (1, 'Analytical Engines')")
    db:execute("INSERT INTO users (id, company_id, email, name) VALUES (1, 1, 'ada@example.org', 'Ada Mary Lovelace')")
    db:execute("INSERT INTO users (id, company_id, email, name) VALUES (2, 1, 'plato@example.org', 'Plato')")
  end

  it("begins with companies and users", function()
    db:upgrade(companies_and_users)
    assert.table_exists(db, "companies")
    assert.column_exists(db, "users", "email", { nullable = false })
    assert.index_exists(db, "users", "ix_users_company_id")
    assert.no_table_exists(db, "products")
  end)

  it("splits names and joins them again", function()
    db:upgrade(orders)
    two_users()

    db:upgrade(split_names)
    assert.no_column_exists(db, "users", "name")
    assert.equal("Ada Mary", db:scalar "SELECT first_name FROM users WHERE id = 1")
    assert.equal("Lovelace", db:scalar "SELECT last_name FROM users WHERE id = 1")
    assert.equal("", db:scalar "SELECT first_name FROM users WHERE id = 2")
    assert.equal("Plato", db:scalar "SELECT last_name FROM users WHERE id = 2")

    db:downgrade "-1"
    assert.no_column_exists(db, "users", "last_name")
    assert.equal("Ada Mary Lovelace", db:scalar "SELECT name FROM users WHERE id = 1")
    assert.equal("Plato", db:scalar "SELECT name FROM users WHERE id = 2")
  end)

  it("sums up the orders that exist", function()
    db:upgrade(orders)
    two_users()
    db:upgrade(search)
    db:execute("INSERT INTO products (id, company_id, sku, name, price) VALUES (1, 1, 'a', 'card', 2.5), (2, 1, 'b', 'reel', 10)")
    db:execute("INSERT INTO orders (id, user_id) VALUES (7, 1), (8, 2)")
    db:execute("INSERT INTO order_lines (order_id, product_id, quantity, price) VALUES (7, 1, 4, 2.5), (7, 2, 1, 10)")

    db:upgrade(totals)
    assert.equal(20, tonumber(db:scalar "SELECT total FROM orders WHERE id = 7"))
    assert.equal(0, tonumber(db:scalar "SELECT total FROM orders WHERE id = 8"))
    assert.equal("a", db:scalar "SELECT code FROM products WHERE id = 1")
  end)

  it("takes no order in a state that is none", function()
    db:upgrade "head"
    db:execute("INSERT INTO companies (id, name) VALUES (1, 'c')")
    db:execute("INSERT INTO users (id, company_id, email, last_name) VALUES (1, 1, 'a@b', 'a')")
    assert.has_error(function() db:execute("INSERT INTO orders (id, user_id, state) VALUES (1, 1, 'lost')") end)
  end)

  it("leaves nothing behind at base", function()
    db:upgrade "head"
    db:downgrade "base"
    for _, name in ipairs { "companies", "users", "products", "orders", "order_lines" } do
      assert.no_table_exists(db, name)
    end
  end)
end)

luamig.testing.stairway()
