-- {{message}}

revision      = {{revision}}
down_revision = {{down_revision}}
branch_labels = {{branch_labels}}
depends_on    = {{depends_on}}
create_date   = {{create_date}}

function upgrade()
{{upgrades}}end

function downgrade()
{{downgrades}}end
