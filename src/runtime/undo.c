/* The downgrade of a revision whose upgrade was cut off: what of it was carried out, last call
 * first.
 *
 * Its upgrade function runs once more, as when it would go on, so that each finished call is known
 * with its arguments (its digest is compared); a call that was cut in between is finished. Where
 * the journal ends the function is stopped. Then the inverse of each gathered operation is carried
 * out as the calls of a downgrade, which has journal rows of its own: cut off once more, it goes
 * on. What has no inverse is told before anything is changed. */
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"
#include "model/invert.h"
#include "runtime/run.intern.h"

#include <string.h>

static const char *qualified(struct mig_arena *arena, const char *schema, const char *name)
{
    return schema != NULL ? mig_arena_printf(arena, "%s.%s", schema, name) : name;
}

/* The part itself has made the table: what is done to its rows goes with it. */
static bool is_own(const struct mig_undo *undo, const char *table)
{
    for (size_t i = 0; table != NULL && i < undo->created.count; i++) {
        if (strcmp(undo->created.items[i], table) == 0) {
            return true;
        }
    }
    return false;
}

static const char *column_of(struct mig_arena *arena, const char *table, const char *column)
{
    return mig_arena_printf(arena, "%s(%s)", table, column);
}

/* Nor need rows be put back in columns that the part itself has added. */
static bool fills_own(const struct mig_undo *undo, struct mig_arena *arena, const char *table,
                      const struct mig_op_backfill *op)
{
    bool own = true;
    for (size_t i = 0; own && i < op->set.count; i++) {
        own = is_own(undo, column_of(arena, table, op->set.items[i].name));
    }
    return own;
}

static int note_made(struct mig_undo *undo, struct mig_arena *arena, const char *table,
                     struct mig_op *op)
{
    if (op->kind == MIG_OP_create_table) {
        return mig_names_add(arena, &undo->created, table);
    }
    int rc = 0;
    if (op->kind == MIG_OP_add_column) {
        const struct mig_op_add_column *add = MIG_OP_CAST(op, add_column);
        for (size_t i = 0; rc == 0 && i < add->columns.count; i++) {
            const char *name = column_of(arena, table, add->columns.items[i]->name);
            rc = name == NULL ? -1 : mig_names_add(arena, &undo->created, name);
        }
    }
    return rc;
}

/* Whether a statement leaves nothing behind once the tables that the part has made are gone. */
static bool is_traceless(const struct mig_undo *undo, const struct mig_statement *statement)
{
    if (statement->class == MIG_CLASS_READ || statement->class == MIG_CLASS_SESSION ||
        mig_statement_is_upkeep(statement)) {
        return true;
    }
    bool own = statement->class == MIG_CLASS_DATA && statement->tables.count > 0;
    for (size_t i = 0; own && i < statement->tables.count; i++) {
        own = is_own(undo, statement->tables.items[i]);
    }
    return own;
}

/* One line of what stands in the way. */
static void keep(struct mig_run *run, const char *what)
{
    struct mig_undo *undo = run->undo;
    char *label = mig_segment_label(&run->revision_arena, what, strlen(what));
    mig_strbuf_printf(&undo->kept, "%s%s:%d: %s", undo->kept.length > 0 ? "\n" : "",
                      run->revision->file, run->line, label != NULL ? label : "");
}

int mig_undo_gather_sql(struct mig_run *run, const char *sql, struct mig_error *err)
{
    struct mig_statements list = {0};
    if (run->undo == NULL) {
        return 0;
    }
    int rc = mig_lexer_split(run->db->dialect, run->server, &run->revision_arena, sql, strlen(sql),
                             &list, err);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (!is_traceless(run->undo, &list.items[i])) {
            keep(run, list.items[i].sql);
        }
    }
    return rc;
}

/* if_exists, if_not_exists: nobody knows whether the operation did anything. */
static bool is_guarded(const struct mig_op *op)
{
    static const char *const guards[] = {"if_exists", "if_not_exists"};
    const struct mig_record *record = mig_op_record(op->kind);
    for (size_t i = 0; record != NULL && i < MIG_COUNT(guards); i++) {
        const struct mig_field *field = mig_record_field(record, guards[i]);
        if (field != NULL &&
            *(const enum mig_tri *)(const void *)((const char *)op + field->offset) == MIG_TRUE) {
            return true;
        }
    }
    return false;
}

int mig_undo_gather(struct mig_run *run, struct mig_op *op, struct mig_error *err)
{
    struct mig_undo *undo = run->undo;
    struct mig_arena *arena = &run->revision_arena;
    struct mig_op_list inverse = {0};
    struct mig_error none = {0};
    if (undo == NULL) {
        return 0;
    }
    const char *table = mig_op_table(op);
    if (op->kind == MIG_OP_execute) {
        return mig_undo_gather_sql(run, MIG_OP_CAST(op, execute)->sql, err);
    }
    table = table != NULL ? qualified(arena, op->schema, table) : NULL;
    if (arena->failed) {
        return mig_error_nomem(err);
    }
    if (op->kind == MIG_OP_bulk_insert && is_own(undo, table)) {
        return 0;
    }
    if (op->kind == MIG_OP_backfill &&
        (is_own(undo, table) || fills_own(undo, arena, table, MIG_OP_CAST(op, backfill)))) {
        return 0;
    }
    if (is_guarded(op) || mig_invert_ops(arena, &op, 1, &inverse, &none) != 0) {
        mig_error_clear(&none);
        keep(run, run->operation);
        return undo->kept.failed ? mig_error_nomem(err) : 0;
    }
    if (note_made(undo, arena, table, op) != 0) {
        return mig_error_nomem(err);
    }
    struct mig_op **items = mig_arena_room(arena, undo->ops, undo->count, sizeof *undo->ops);
    if (items == NULL) {
        return mig_error_nomem(err);
    }
    items[undo->count++] = op;
    undo->ops = items;
    return 0;
}

/* Where a conn:transaction began. */
struct mig_undo_mark {
    size_t count, created, kept;
    struct mig_undo_mark *outer;
};

int mig_undo_savepoint(struct mig_run *run, struct mig_error *err)
{
    struct mig_undo *undo = run->undo;
    if (undo == NULL) {
        return 0;
    }
    struct mig_undo_mark *mark = mig_arena_new(&run->revision_arena, struct mig_undo_mark);
    if (mark == NULL) {
        return mig_error_nomem(err);
    }
    *mark = (struct mig_undo_mark){.count = undo->count,
                                   .created = undo->created.count,
                                   .kept = undo->kept.length,
                                   .outer = undo->mark};
    undo->mark = mark;
    return 0;
}

void mig_undo_savepoint_end(struct mig_run *run, bool ok)
{
    struct mig_undo *undo = run->undo;
    const struct mig_undo_mark *mark = undo != NULL ? undo->mark : NULL;
    if (mark == NULL) {
        return;
    }
    undo->mark = mark->outer;
    if (!ok) { /* nothing of it stayed */
        undo->count = mark->count;
        undo->created.count = mark->created;
        mig_strbuf_truncate(&undo->kept, mark->kept);
    }
}

int mig_undo_stop(struct mig_run *run, struct mig_error *err)
{
    int rc = mig_error_set(err, MIG_E_half_applied, "what was carried out of '%s' ends here",
                           run->revision->id);
    run->undo->ended = true;
    mig_segment_doom_by(run, err); /* also where the function catches it */
    return rc;
}

/* Every finished call was met, and what the function raised, it raised by itself: what it would
 * have gone on with is of no interest here. */
static bool is_past(const struct mig_run *run)
{
    const struct mig_journal *journal = &run->journal;
    return journal->calls >= mig_journal_last_call(journal) && !run->doom.set;
}

/* Runs the upgrade function up to where the journal ends. */
static int gather(struct mig_run *run, const struct mig_step *step, struct mig_error *err)
{
    const struct mig_host *host = &run->ctx->host;
    const struct mig_step up = {.revision = step->revision, .direction = MIG_UPGRADE};
    const char *direction = run->direction;
    run->direction = "upgrade";
    int rc = mig_journal_enter(run, &up, err);
    bool has_cursor = mig_journal_has_cursor(&run->journal);
    if (rc == 0 && (has_cursor || run->journal.covered + run->journal.covered_part > 0)) {
        rc = host->call(host->self, run, step->revision, MIG_UPGRADE, &run->source, err);
        mig_run_close_readers(run);
    }
    if (run->undo->ended || (rc == MIG_E_script && is_past(run))) {
        mig_error_clear(err);
        mig_error_clear(&run->doom.error);
        run->doom.set = false;
        rc = 0;
    }
    if (rc == 0 && has_cursor && run->journal.calls == run->journal.covered) {
        rc = mig_journal_differs(run, err);
    }
    run->direction = direction;
    run->operation = NULL;
    return rc == 0 ? mig_segment_commit(run, err) : rc;
}

static int refuse(const struct mig_run *run, struct mig_error *err)
{
    mig_error_set(err, MIG_E_irreversible, "what was carried out of '%s' cannot be undone",
                  run->revision->id);
    mig_error_detail(err, "no inverse is known of\n%s", mig_strbuf_text(&run->undo->kept));
    mig_error_hint(err, "`luamig upgrade` goes on with it; or undo it by hand, and `luamig stamp` "
                        "where the database stands");
    return MIG_E_irreversible;
}

int mig_undo_run(struct mig_run *run, const struct mig_step *step, struct mig_error *err)
{
    struct mig_undo undo = {0};
    struct mig_op_list inverse = {0};
    run->undo = &undo;
    int rc = gather(run, step, err);
    if (rc == 0 && undo.kept.length > 0) {
        rc = refuse(run, err);
    }
    run->undo = NULL;
    mig_strbuf_release(&undo.kept);
    if (rc == 0) {
        rc = mig_invert_ops(&run->revision_arena, undo.ops, undo.count, &inverse, err);
    }
    run->sent = run->kept = 0;
    int last_step = run->journal.last_step; /* with the rows of a call that was finished just now */
    if (rc == 0) {
        rc = mig_journal_enter(run, step, err);
    }
    if (run->journal.last_step < last_step) {
        run->journal.last_step = last_step;
    }
    for (size_t i = 0; rc == 0 && i < inverse.count; i++) {
        rc = mig_run_op(run, inverse.items[i], err);
    }
    return rc;
}

bool mig_undo_is_due(const struct mig_run *run, const char *revision)
{
    for (size_t i = 0; i < run->journal.row_count; i++) {
        const struct mig_journal_row *row = &run->journal.rows[i];
        if (strcmp(row->revision, revision) == 0 && row->direction != NULL &&
            strcmp(row->direction, "upgrade") == 0) {
            return true;
        }
    }
    return false;
}
