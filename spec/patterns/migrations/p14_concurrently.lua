-- an index without blocking writers, where the server can

revision      = "p14_concurrently"
down_revision = "p13_batch"

function upgrade()
  op.create_index("ix_user_email", "user", { "email" }, { concurrently = true })
  if op.dialect == "postgresql" then
    op.execute('CREATE INDEX CONCURRENTLY idx_user_lower_email ON "user" (lower(email))')
  end
end

function downgrade()
  if op.dialect == "postgresql" then
    op.autocommit_block(function()
      op.execute("DROP INDEX CONCURRENTLY idx_user_lower_email")
    end)
  end
  op.drop_index("ix_user_email", "user", nil, { concurrently = true })
end
