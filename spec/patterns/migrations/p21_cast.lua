-- birth_year becomes text, by hand and by a change of type

revision      = "p21_cast"
down_revision = "p20_by_hand"

function upgrade()
  op.add_column("thinkers", { "birth_year_str", sql.string(10) })
  op.get_bind():execute(sql.table("thinkers"):update { birth_year_str = sql.cast("birth_year", sql.string(10)) })
  op.drop_column("thinkers", "birth_year")
  op.alter_column("thinkers", "birth_year_str", { new_column_name = "birth_year" })
  assert(op.get_bind():scalar("SELECT birth_year FROM thinkers WHERE id = 7") == "355")
end

function downgrade()
  op.alter_column("thinkers", "birth_year", { type = sql.integer, existing_type = sql.string(10),
    postgresql_using = "birth_year::integer" })
  assert(op.get_bind():scalar("SELECT birth_year FROM thinkers WHERE id = 7") == 355)
end
