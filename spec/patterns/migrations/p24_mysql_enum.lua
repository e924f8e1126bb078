-- an ENUM column changed in the server's own words

revision      = "p24_mysql_enum"
down_revision = "p23_publications"

function upgrade()
  if op.dialect ~= "mysql" then return end
  op.execute("ALTER TABLE `user` MODIFY COLUMN user_source "
    .. "ENUM('hris', 'manual', 'service_account') NOT NULL DEFAULT 'hris'")
  op.execute([[
    INSERT INTO audit_log (action, entity_type, entity_id, new_value, created_at)
    VALUES ('SCHEMA_CHANGE', 'user', '-', '{"field": "user_source", "change": "added :service_account"}', NOW())
  ]])
end

function downgrade()
  if op.dialect ~= "mysql" then return end
  op.execute("DELETE FROM audit_log WHERE action = 'SCHEMA_CHANGE'")
  op.execute("UPDATE `user` SET user_source = 'manual' WHERE user_source = 'service_account'")
  op.execute("ALTER TABLE `user` MODIFY COLUMN user_source VARCHAR(20) NOT NULL DEFAULT 'hris'")
end
