-- {{message}}

revision      = {{revision}}
down_revision = {{down_revision}}
create_date   = {{create_date}}

function upgrade()
{{upgrades}}end

function downgrade()
{{downgrades}}end
