--- What `luamig COMMAND --help` and the manual page say beyond the table of options in luamig.cli: of each command a
--- paragraph, and examples { command line, what it does }. Loaded when it is asked for.

local targets = "a full id or a unique prefix of it (at least 4 characters), head, heads, base, current, +N, -N, REV+N, REV-N, "
  .. "LABEL@head, LABEL@+1, LABEL@REV"

local manual = {}

manual.commands = {
  init = {
    "Writes a project that runs at once on SQLite: the configuration, schema.lua, migrations/, a spec, and what editors and "
      .. "luacheck need to know the names of a migration. A folder that is a project already is refused.",
    { "luamig init", "in the current folder" },
    { "luamig init shop --template minimal", "in shop/, the configuration and migrations/ only" },
  },
  templates = {
    "Lists the built-in templates and those of the project's templates/, which win over them.",
  },
  verify = {
    "Runs every revision up, down and up again on a scratch database of the configured dialect, and compares the schema each "
      .. "time: a downgrade that does not undo its upgrade is found before it is needed. Rows for it stand in spec/data. The "
      .. "configured database itself is not changed. Exits with 3 when a revision does not keep its word.",
    { "luamig verify", "all revisions" },
    { "luamig verify ae10", "up to that one" },
  },
  test = {
    "Runs busted in luamig's own Lua, with `luamig.testing` for databases that specs make and drop.",
    { "luamig test", "everything under spec/" },
    { "luamig test spec/users_spec.lua --filter backfill", "of one file the tests with that word in their name" },
  },
  revision = {
    "Writes a new migration from the template and prints its path. With --autogenerate it holds what schema.lua has and the "
      .. "database has not, and the way back: read it before it runs. With --head and --splice the graph may branch.",
    { 'luamig revision -m "create users"', "an empty skeleton after the head" },
    { 'luamig revision --autogenerate -m "add sku"', "filled from schema.lua" },
    { 'luamig revision --autogenerate -m "add sku" --sql', "show it, write no file" },
    { 'luamig revision -m "reports" --head base --branch-label reports', "a branch of its own" },
  },
  merge = {
    "Two people wrote a revision after the same one: there are two heads, and `upgrade` does not choose. A merge follows both "
      .. "and changes nothing itself.",
    { 'luamig merge heads -m "merge"', "all heads" },
    { 'luamig merge ae10 27c6 -m "merge"', "these two" },
  },
  rebase = {
    "The other way out of two heads: the revision, with what follows it, comes after another one, in its file's header. For "
      .. "revisions that no shared database has yet.",
    { "luamig rebase 27c6 --onto ae10", "27c6 follows ae10" },
  },
  squash = {
    "Takes REV and all before it into one revision with the id of REV: what they leave in a scratch database, the schema and "
      .. "the rows, which the new one must leave in a second. The old files go. Databases that are at REV, or at a later "
      .. "one, notice nothing; one in between is upgraded to REV first. --incomplete: what neither schema.lua nor an "
      .. "operation nor SQL text says is named in the file instead of an error.",
    { "luamig squash head", "all revisions" },
    { 'luamig squash ae10 -m "the schema of 2025"', "those up to ae10" },
  },
  edit = {
    "Opens the file of a revision, or of several: REV may be any target but a relative one.",
    { "luamig edit head", "the newest" },
  },
  heads = {
    "Lists the revisions that nothing follows. An effective head is one that another revision depends on: it has no version row of "
      .. "its own. In CI, --check keeps a second head from being merged.",
    { "luamig heads --check", "exits with 3 when there are several" },
  },
  branches = { "Lists the revisions that more than one follows, with those that do." },
  history = {
    "With -v each revision comes whole, with its comment. A range has both its ends; -N counts from the heads. The database is asked "
      .. "only where -i or `current` needs it.",
    { "luamig history -r current-2:current", "the last three that the database has" },
    { "luamig history -i", "mark where the database is" },
    { "luamig history --format mermaid", "the graph for a README" },
  },
  show = {
    "Prints the header, the comment and the path of a revision.",
    { "luamig show head", "the newest" },
  },
  lint = {
    "Runs the migrations against nothing, on the dialect of the URL, and looks at what they would do: locks that stop a busy "
      .. "table, lost rows, downgrades that do nothing.",
    { "luamig lint", "every revision" },
    { "luamig lint head", "the newest" },
    { "luamig lint ae10:27c6", "a range" },
    { "luamig lint --rules", "what is looked for" },
  },
  upgrade = {
    "Locks, reads where the database stands, and runs what is missing on the way to TARGET. Killed anywhere, the next upgrade "
      .. "goes on where it was. TARGET: " .. targets .. "; A:B with --sql.",
    { "luamig upgrade", "everything, up to the head" },
    { "luamig upgrade +1", "the next revision" },
    { "luamig upgrade --dry-run", "do it and roll it back" },
    { "luamig upgrade --sql > up.sql", "a script for the DBA, from an empty database" },
    { "luamig upgrade ae10:head --sql", "the same from ae10 on" },
  },
  downgrade = {
    "Runs the way back of each revision down to TARGET, which stays applied. A half-applied revision is undone first. TARGET: "
      .. targets .. "; A:B with --sql.",
    { "luamig downgrade -1", "the last revision" },
    { "luamig downgrade base", "all of them" },
    { "luamig downgrade current", "only what a crash left half done" },
  },
  plan = {
    "Lists each statement that upgrade would send, and what it locks. Reads the database, changes nothing.",
    { "luamig plan", "up to the head" },
    { "luamig --json plan +1", "the next revision, for a review bot" },
  },
  status = {
    "On one screen: the database and its server, the revisions applied and pending, files that were changed after they were "
      .. "applied, what is half done and how to go on, who holds the lock.",
  },
  current = {
    "Prints the ids in the version table; with -v each revision whole.",
    { "luamig current --check-heads", "exits with 3 unless everything is applied" },
  },
  stamp = {
    "Sets the version table and runs nothing: for a database that got its schema another way. Forgets what was half done.",
    { "luamig stamp head", "the schema is there already" },
    { "luamig stamp base", "nothing is applied" },
    { "luamig stamp --purge ae10", "the table names revisions that have no file any more" },
  },
  ["ensure-version"] = { "Creates the version table where there is none, which the first `upgrade` does by itself." },
  adopt = {
    "Writes a base revision that creates the whole schema on a new database, with the triggers, functions and sequences that "
      .. "schema.lua has no word for, and schema.lua; and stamps the database with it. Where Alembic managed it, each head in "
      .. "alembic_version becomes a base revision, the first of which creates it all; alembic_version stays as it is.",
    { "luamig init && luamig adopt --url postgresql://…", "in an empty folder" },
  },
  repair = {
    "Only for a run that ended with exit status 5: it was cut off inside a statement that leaves no trace. Look at the "
      .. "database, then say what you saw; `luamig upgrade` goes on from there.",
    { "luamig repair ae10 --step 2 --applied", "its effect is there" },
  },
  unlock = {
    "Shows who holds the lock. With --yes it ends that session: for a runner that hangs, not for one that works.",
    { "luamig unlock --yes", "end it" },
  },
  check = {
    "Prints the operations that would make the database what schema.lua says, and exits with 3 when there are any. For CI, "
      .. "after an upgrade: a model that was changed without its migration is found.",
  },
  inspect = {
    "Reads a live database. What no declaration has a word for is named on standard error.",
    { "luamig inspect > schema.lua", "begin with a database that is there" },
    { "luamig --json inspect > snapshot.json", "for upgrade --sql --snapshot" },
    { "luamig inspect --format mermaid", "the tables as a picture for a README" },
  },
  completion = {
    "Prints a script that makes the shell complete luamig's commands and options, ids of revisions, names of templates: it asks "
      .. "luamig, by this command with the words that are there.",
    { "source <(luamig completion bash)", "in ~/.bashrc; zsh likewise, behind compinit" },
    { "luamig completion fish | source", "in ~/.config/fish/config.fish" },
  },
}

manual.description = {
  "A migration is a Lua file with a function `upgrade` and a function `downgrade`. luamig orders these revisions by what each "
    .. "one follows, and brings a database from one to another: locked against a second runner, in transactions where the "
    .. "database has them for DDL, with a journal where it has not.",
  "Data goes to standard output, progress and messages to standard error; with --json standard output is one JSON document.",
}

manual.exit_statuses = {
  { "0", "done, or nothing to do" },
  { "1", "the database, a script or the connection failed (a half-applied revision that `upgrade` can resume is 1)" },
  { "2", "usage, configuration, every error of the graph" },
  { "3", "a check found a difference" },
  { "4", "another runner holds the lock" },
  { "5", "the state cannot be decided without `repair`" },
  { "129, 130, 143", "after SIGHUP, SIGINT, SIGTERM, cleaned up" },
}

-- Of the manual page, after the commands: a title and a text or rows.
manual.sections = {
  { "EXIT STATUS", manual.exit_statuses },
  { "ENVIRONMENT", {
    { "LUAMIG_CONFIG", "the configuration, where -c does not say" },
    { "LUAMIG_URL", "the database, where neither --url nor --env says" },
    { "LUAMIG_TEST_URL", "where `verify`, `squash` and `test` make their scratch databases, where --url does not say; else beside the configured one" },
    { "VISUAL, EDITOR", "what `edit` opens a revision with" },
    { "PAGER", "what a long `history` on a terminal goes through; empty: nothing (else less, where it is installed)" },
    { "TMPDIR", "where the rows of long results wait while others are read (else /var/tmp, /tmp)" },
    { "NO_COLOR", "no colours, whatever the terminal" },
  } },
  { "FILES", {
    { "luamig.conf.lua", "the configuration, here or in a parent folder" },
    { "schema.lua", "what the database shall be: for `check` and `revision --autogenerate`" },
    { "migrations/", "one Lua file a revision" },
  } },
}

return manual
