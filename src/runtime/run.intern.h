/* A run from the inside: for the files of runtime/ only. */
#ifndef MIG_RUNTIME_RUN_INTERN_H
#define MIG_RUNTIME_RUN_INTERN_H

#include "model/digest.h"
#include "model/snapshot.h"
#include "runtime/context.h"
#include "runtime/shadow.h"
#include "util/strbuf.h"

/* Where statements go. A slot that is NULL does nothing. */
struct mig_sink {
    bool live; /* statements are carried out: the catalog may ask the server what they made */
    int (*begin)(struct mig_run *run, struct mig_error *err);
    int (*commit)(struct mig_run *run, struct mig_error *err);
    int (*rollback)(struct mig_run *run, struct mig_error *err);
    /* Required. */
    int (*statement)(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err);
    /* A step begins: the script says so in a comment and guards itself. */
    int (*step)(struct mig_run *run, const struct mig_step *step, const struct mig_names *rows,
                struct mig_error *err);
};

extern const struct mig_sink mig_sink_execute, mig_sink_script, mig_sink_plan;

/* The first failure that dooms a segment (depth 0) or a conn:transaction (its depth). */
struct mig_doom {
    bool set;
    int depth;
    struct mig_error error;
};

struct mig_lock;

#define MIG_RUN_LABELS 32

/* What a call of a finished segment was answered: the rows of a read, the rows changed. */
struct mig_answer {
    int64_t call;
    struct mig_result result;
    struct mig_answer *next;
};

enum mig_journal_state { MIG_JOURNAL_DONE, MIG_JOURNAL_INTENT, MIG_JOURNAL_FAILED };

/* One row of luamig_journal: a commit inside a revision, or a statement that commits by itself.
 * Calls are the calls of op and conn that the revision makes, counted from 1. */
struct mig_journal_row {
    const char *revision, *direction;
    int step;
    enum mig_journal_state state;
    int64_t calls;           /* complete once the row is done */
    int part;                /* statements of the next call that are done as well */
    const char *digest;      /* of all these calls */
    const char *fingerprint; /* of the schema before the statement (intent) */
    const char *statement;   /* what was sent (intent), or the last of the segment */
    const char *rest;        /* the statements of a call that was cut in between */
    const char *answers;     /* NULL: not to be replayed */
    const char *started_at;  /* of the revision's first run */
    const char *runner;      /* host:pid:start of the process */
    const char *note;        /* why it failed */
};

/* The journal of the revision in hand. */
struct mig_journal {
    bool exists;                  /* the table */
    bool active;                  /* commits inside the revision are written down */
    struct mig_journal_row *rows; /* of every revision that is half applied */
    size_t row_count;
    int last_step;    /* of the revision in hand; 0: nothing of it stands in the journal */
    int64_t calls;    /* made so far */
    int64_t covered;  /* the first of these were finished before */
    int covered_part; /* and that many statements of the next one */
    const char *rest;
    char chain[MIG_DIGEST_SIZE],
        before[MIG_DIGEST_SIZE];        /* of all calls; without the present one */
    char resumed[MIG_DIGEST_SIZE];      /* what chain must be at the resume point */
    struct mig_answer *answers;         /* of the calls that were finished before */
    const struct mig_answer *answered;  /* the one that was given last; NULL: none yet */
    struct mig_strbuf written;          /* the answers of this segment */
    int cursor_step;                    /* the row of the backfill in hand; 0: it has none */
    bool dirty;                         /* something was changed since the last row */
    bool intended;                      /* the statement in hand has its intent written down */
    bool in_doubt;                      /* and nothing would tell whether it was carried out */
    bool failed;                        /* the last step is written down as failed */
    bool may_wait;                      /* and its answer may come with those of later ones */
    int kept_step;                      /* the last one whose row is committed */
    int known_step;                     /* the server has said that it is done */
    bool too_big;                       /* an answer was not written down */
    const struct mig_statements *parts; /* of the present call */
    bool written_parts;                 /* as the script has them, not compiled */
    size_t part;                        /* how many of them are done */
    size_t chained;                     /* how many of them are in parts_chain */
    char parts_chain[MIG_DIGEST_SIZE];  /* of all calls before, and of those parts */
    const char *made;                   /* the table that an intent made last; NULL none */
    struct mig_names since;             /* the texts of that intent and of those after it */
    char started_at[32];
};

/* The finished calls of an upgrade that was cut off, while they are gathered (undo.c). */
struct mig_undo {
    struct mig_op **ops; /* those with an inverse, in order */
    size_t count;
    struct mig_names created;   /* tables that the part itself has made */
    struct mig_strbuf kept;     /* what has no inverse, a line each */
    struct mig_undo_mark *mark; /* where the conn:transaction that is open began */
    bool ended;                 /* all of it was seen */
};

/* SQL texts of the present revision as statements, since a script's loop sends the same one with
 * every row: the first few of moderate length. */
enum { MIG_RUN_TEXTS = 8, MIG_RUN_TEXT_BYTES = 4096 };

struct mig_texts {
    struct mig_arena arena;
    struct {
        const char *sql;
        size_t length;
        struct mig_statements statements;
    } items[MIG_RUN_TEXTS];
    size_t count;
    bool ansi_quotes, no_backslash_escapes; /* as they were read */
};

struct mig_run {
    struct mig_context *ctx;
    const struct mig_run_options *options;
    const struct mig_sink *sink;
    const struct mig_db *db;
    struct mig_conn *conn; /* NULL: script */
    struct mig_server assumed;
    struct mig_snapshot *snapshot; /* script: what the catalog knows; NULL none */
    const struct mig_server *server;
    struct mig_arena *arena;         /* the command's: what the report keeps */
    struct mig_arena revision_arena; /* the present revision's */
    struct mig_texts texts;
    struct mig_compile compile;
    struct mig_naming naming;
    struct mig_compare_rules rules; /* of the server, by which the catalog knows names */
    struct mig_catalog *catalog;
    struct mig_waits waits; /* in force in the session; lock_ms < 0: not known */
    bool many_transactions; /* the runner was told that they follow */
    const char
        *waits_before; /* of a borrowed connection: the SQL that sets them again; else NULL */

    /* The step in hand. */
    const struct mig_revision *revision; /* NULL: none */
    struct mig_source source; /* its text, which runs and goes into the history; or none */
    const char *direction;    /* "upgrade", "downgrade", "stamp" */
    struct mig_done_step *done;
    int line;
    const char *operation; /* "op.create_table" while one is carried out */
    enum mig_transaction_mode mode;
    int64_t changed;
    bool pending; /* plan: a statement was listed that nobody carried out */
    bool unsure;  /* plan, lint: an earlier step ended early: the catalog is a guess */

    /* The segment. */
    bool open;               /* its transaction is */
    bool autocommit;         /* inside op.autocommit_block */
    bool wrapped;            /* a transaction for the one statement in hand and its journal row */
    bool own;                /* conn:transaction opened the transaction itself */
    bool batch;              /* inside op.batch_alter_table */
    bool scripted;           /* the revision's function runs */
    bool again;              /* it does so once more, after a lock timeout or a deadlock */
    bool hooked;             /* a hook of the configuration runs */
    bool watched;            /* the script would catch an error that were raised now */
    bool waiting;            /* statements that stand alone are deferred: `kept` and the journal's
                                known_step do not count them yet */
    bool taken;              /* another runner goes on with the revision, where BEGIN is the lock */
    bool partly_rolled_back; /* tables without transactions keep what the step changed in them */
    int savepoints;
    int replayed; /* conn:transactions open whose calls were finished before */
    int segment;
    bool keys_off; /* SQLite: enforcement was off for a statement of this segment */
    struct mig_violations violations; /* before that */
    struct mig_doom doom;

    /* For the state after a failure: statements of this step sent, and those that stay whatever
     * comes. */
    int sent, kept;
    char *labels[MIG_RUN_LABELS]; /* of the first ones */
    struct mig_arena label_arena; /* holds them: it is emptied with each step */

    /* Our own tables. */
    bool has_version, has_history;
    const char *user, *machine; /* who runs it, in `arena`; NULL: not asked yet */
    const char *process;        /* what mig_process_name says, likewise */
    struct mig_names rows;      /* the version rows now */

    struct mig_lock *lock; /* NULL: none is held */
    struct mig_journal journal;
    struct mig_undo *undo;           /* NULL: nothing is gathered */
    struct mig_rows_reader *readers; /* open ones */

    bool needs_enums;             /* only the applied revisions tell of them what the plan needs */
    struct mig_names enum_makers; /* revision, schema, name of each enum type */
    bool recalls; /* what its operations make of the catalog is all that is wanted: a table that is
                     not known ends nothing */

    struct mig_shadow *shadow; /* script: NULL where there is none */
    bool script_begun;         /* its first line was written */
    struct mig_strbuf text;    /* script: the segment so far */
    struct mig_strbuf guard;   /* script: of the step, for each of its transactions */
};

/* run.c */
/* On the context's connection (script: without one); the caller has connected. */
int mig_run_begin(struct mig_run *run, struct mig_context *ctx, struct mig_arena *arena,
                  const struct mig_run_options *options, struct mig_error *err) MIG_MUST_CHECK;
/* A fresh catalog: of the server, or for a script empty (from_base) or unknowing. */
int mig_run_use_catalog(struct mig_run *run, bool from_base, struct mig_error *err) MIG_MUST_CHECK;
void mig_run_end(struct mig_run *run);
/* Closes what the revision left open. */
void mig_run_close_readers(struct mig_run *run);
/* Before a commit: the loops over rows have all that they will be given, and the journal knows it
 * (*all; else it is too much). */
int mig_run_take_rows(struct mig_run *run, bool *all, struct mig_error *err) MIG_MUST_CHECK;
/* MIG_E_interrupted when a signal came. */
int mig_run_interrupted(const struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The same; and whether the lock is still ours. */
int mig_run_check(const struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Where the run stands, for statements whose answer comes later. */
struct mig_origin mig_run_origin(const struct mig_run *run);
/* Appends a value of one of our own statements: a parameter (`params` has room for it), or a
 * literal in a script. */
int mig_run_put(const struct mig_run *run, struct mig_strbuf *sql, struct mig_params *params,
                const struct mig_value *value, struct mig_error *err) MIG_MUST_CHECK;
/* Fills in where the failure happened; returns rc. */
int mig_run_blame(struct mig_run *run, int rc, const struct mig_statement *statement,
                  struct mig_error *err);
/* The same where a call of the script ends; that it failed is noted in the journal. */
int mig_run_end_call(struct mig_run *run, int rc, struct mig_error *err);
/* A text as statements that are ready to be sent. */
int mig_run_read_text(struct mig_run *run, const char *sql, const struct mig_params *params,
                      struct mig_statements *out, struct mig_error *err) MIG_MUST_CHECK;
/* A finished call is not carried out again, but what it set in the session went with the session.
 */
int mig_run_send_session_again(struct mig_run *run, const struct mig_statements *statements,
                               struct mig_error *err) MIG_MUST_CHECK;
/* The same for the finished ones of a text that was cut in between; rest: the others. */
int mig_run_send_session_before(struct mig_run *run, const struct mig_statements *statements,
                                const struct mig_statements *rest,
                                struct mig_error *err) MIG_MUST_CHECK;
/* Fails with MIG_E_offline: of a step that ended early nobody knows what it would have changed. */
int mig_run_not_known(struct mig_error *err) MIG_MUST_CHECK;
/* Raw DDL: the catalog forgets the tables that it names, or all. */
void mig_run_forget_tables(struct mig_run *run, const struct mig_statement *statement);
/* Tells the onlooker, before the catalog knows what the operation makes of the table. */
int mig_run_observe(struct mig_run *run, const struct mig_op *op, struct mig_statements *statements,
                    struct mig_error *err) MIG_MUST_CHECK;

/* rehearse.c */
/* Runs a function of the revision in a run of MIG_SINK_LINT, whose catalog is then as the revision
 * would have left it; `failure` is how it ended, and the return value too. */
int mig_run_rehearse(struct mig_run *run, const struct mig_revision *revision,
                     enum mig_direction direction, struct mig_error *failure) MIG_MUST_CHECK;
/* What the plan may need to know of enums that the catalog cannot tell: noted of each revision's
 * text, before the first step. */
void mig_run_look_for_enums(struct mig_run *run, const struct mig_step *step,
                            const struct mig_source *source);
/* Then, where something was noted, the applied revisions tell it: where enums are no types of the
 * database, their values and their columns, for the catalog; else which revision made which type,
 * for its inverse. */
int mig_run_recall_enums(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;

/* segment.c */
/* Sends a statement of the migration: ends or begins the segment as it needs. */
int mig_segment_send(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err) MIG_MUST_CHECK;
/* Sends one text with several sets of parameters to the server, together where it takes them so;
 * *changed: the rows of all. */
int mig_segment_send_each(struct mig_run *run, const struct mig_statements *statements,
                          int64_t *changed, struct mig_error *err) MIG_MUST_CHECK;
/* The same up to the sending: a read goes its own way afterwards. */
int mig_segment_enter(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_error *err) MIG_MUST_CHECK;
/* What enter began: rc is how the statement went. Returns rc. */
int mig_segment_leave(struct mig_run *run, const struct mig_statement *statement, int rc,
                      struct mig_error *err);
/* How long the statement may wait, where that differs by class. */
int mig_segment_set_waits(struct mig_run *run, const struct mig_statement *statement,
                          struct mig_error *err) MIG_MUST_CHECK;
/* A statement of ours (version rows, history, backfill): in a transaction, not in the report. */
int mig_segment_own(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                    struct mig_error *err) MIG_MUST_CHECK;
/* Several of them that change rows. They wait for the COMMIT where the driver can send them with it
 * and the database checks by itself what they change (expect_one): changed, which has room for
 * each, is filled elsewhere only. */
int mig_segment_own_all(struct mig_run *run, const struct mig_statements *statements,
                        int64_t *changed, struct mig_error *err) MIG_MUST_CHECK;
int mig_segment_begin(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Commits what is open; nothing when nothing is. */
int mig_segment_commit(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Rolls back what is open. A failure is not reported: the server does it when the connection goes.
 */
void mig_segment_rollback(struct mig_run *run);
/* The transaction alone; where the run stands in its calls stays. */
void mig_segment_abort(struct mig_run *run);
/* "CREATE INDEX ix ON t (a)" cut to one short line, for the state after a failure; NULL without
 * memory. */
char *mig_segment_label(struct mig_arena *arena, const char *sql, size_t full);
/* Something that commits is about to come: MIG_E_script or MIG_E_unsupported where it may not
 * (`what` names it), else what is open is committed with its journal row. */
int mig_segment_boundary(struct mig_run *run, const char *what,
                         struct mig_error *err) MIG_MUST_CHECK;
/* Whether the answer to the statement, which stands alone, may come with those of later ones. */
bool mig_segment_may_wait_alone(const struct mig_run *run, const struct mig_statement *statement);
/* What has waited is done; `later` statements were sent behind it. */
void mig_segment_heard(struct mig_run *run, int later);
/* A deferred statement has failed, or will not be sent (failure NULL): nothing after it was carried
 * out. */
void mig_segment_fall_back(struct mig_run *run, const struct mig_left *left,
                           const struct mig_error *failure);
/* The failure ends the revision, also when it is caught. */
void mig_segment_doom_by(struct mig_run *run, const struct mig_error *err);
/* The doom as an error of a later call; 0 when there is none. */
int mig_segment_doom(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;

/* version.c */
/* Reads the version rows, sorted; *exists is false when there is no table. */
int mig_version_read(struct mig_conn *conn, const struct mig_settings *settings,
                     const struct mig_db *db, struct mig_arena *arena, struct mig_names *rows,
                     bool *exists, struct mig_error *err) MIG_MUST_CHECK;
/* Creates the version table and the history table where they are missing. */
int mig_version_ensure(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The longest id of the plan against the width of version_num. */
int mig_version_fits(struct mig_run *run, const struct mig_plan *plan,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The statements of the step's changes of the version rows, one a version_op. */
int mig_version_statements(struct mig_run *run, const struct mig_step *step,
                           struct mig_statements *out, struct mig_error *err) MIG_MUST_CHECK;
/* Makes the failure of a statement that expected one row (where the database has that) the same
 * error as mig_version_check; returns its code, else rc. */
int mig_version_explain(const struct mig_run *run, const struct mig_step *step, int rc,
                        struct mig_error *err);
/* Each of them must have changed exactly one row. */
int mig_version_check(const struct mig_run *run, const struct mig_step *step,
                      const int64_t *changed, struct mig_error *err) MIG_MUST_CHECK;
/* A query that gives 1 when the version rows are these. */
int mig_version_query(struct mig_run *run, const struct mig_names *rows, struct mig_strbuf *out,
                      struct mig_error *err) MIG_MUST_CHECK;

/* own_table.c */
struct mig_own_column {
    const char *name;
    enum mig_type_kind kind; /* text: as long as the server allows */
    int64_t length;          /* 0: none */
    enum {
        MIG_OWN_OPTIONAL,
        MIG_OWN_NEEDED, /* NOT NULL */
        MIG_OWN_KEY,    /* in the primary key */
        MIG_OWN_NUMBER, /* the primary key, which counts by itself */
    } role;
};
struct mig_own_table {
    const char *name, *key_name; /* key_name NULL: the server's */
    const struct mig_own_column *columns;
    size_t column_count;
};
/* Creates it where it is not there, in the schema of the version table. */
int mig_own_table_create(struct mig_run *run, const struct mig_own_table *table,
                         struct mig_error *err) MIG_MUST_CHECK;
struct mig_own_cell {
    const char *column;
    struct mig_value value;   /* EXPR stands as it is */
    struct mig_params params; /* of an EXPR */
    const char *added;        /* an expression that the server adds to it; NULL none */
    bool fixed;               /* the same in every row of a run: part of the statement's text */
};
static inline struct mig_own_cell mig_own_text(const char *column, const char *text)
{
    return (struct mig_own_cell){.column = column, .value = mig_value_text(text)};
}
static inline struct mig_own_cell mig_own_fixed(const char *column, const char *text)
{
    return (struct mig_own_cell){.column = column, .value = mig_value_text(text), .fixed = true};
}
static inline struct mig_own_cell mig_own_integer(const char *column, int64_t integer)
{
    return (struct mig_own_cell){.column = column,
                                 .value = {.kind = MIG_VALUE_INT, .integer = integer}};
}
/* The statement that inserts one row of them. */
int mig_own_table_insert(struct mig_run *run, const char *table, const struct mig_own_cell *cells,
                         size_t count, struct mig_statement *out,
                         struct mig_error *err) MIG_MUST_CHECK;

/* history.c */
#define MIG_HISTORY_TABLE "luamig_history"
int mig_history_create(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The statement of the step's row. revision NULL in a stamp: `id` is what the rows became. waiting:
 * the transaction has not begun yet, what it takes is added to the duration. */
int mig_history_statement(struct mig_run *run, const struct mig_step *step, const char *started_at,
                          int64_t duration_ms, bool waiting, struct mig_statements *out,
                          struct mig_error *err) MIG_MUST_CHECK;

/* answers.c */
#define MIG_ANSWER_ROWS 1000
void mig_answer_write_bytes(struct mig_strbuf *out, char kind, const char *bytes, size_t length);
void mig_answer_write_cell(struct mig_strbuf *out, const struct mig_value *value);
/* Bytes where it is no text that the journal could hold. */
struct mig_value mig_answer_text(const char *text, size_t length);
/* False when there is no cell at *at, or no memory. */
bool mig_answer_read_cell(struct mig_arena *arena, const char **at, struct mig_value *out);
/* The answers of one row, appended to the list whose end is *tail. */
int mig_answers_read(struct mig_run *run, const struct mig_journal_row *row,
                     struct mig_answer ***tail, struct mig_error *err) MIG_MUST_CHECK;
/* What the present call was answered. */
void mig_journal_note(struct mig_run *run, const struct mig_result *result);
/* That it failed, which its script may catch: after a crash the call fails as it did then. */
void mig_journal_note_failure(struct mig_run *run, const struct mig_error *failure);
/* The failure that was noted, as an error; 0 when the call did not fail. */
int mig_answer_raise(const struct mig_answer *answer, struct mig_error *err) MIG_MUST_CHECK;
/* One row that was read, and all of them. */
void mig_journal_note_row(struct mig_run *run, struct mig_rows_reader *reader);
void mig_journal_note_rows(struct mig_run *run, const struct mig_rows_reader *reader);

/* evidence.c */
/* What will tell after a crash whether a statement that commits by itself was carried out. */
struct mig_evidence {
    char fingerprint[MIG_DIGEST_SIZE]; /* of what it changes; "" where that tells nothing */
    const char *present; /* in its stead, an expression that the server fills in: whether what is
                            made is there before; NULL else */
    struct mig_params names; /* in that expression */
    bool in_doubt;           /* nothing will tell */
};
/* Before it is sent. `text` is the statement's own, which the journal keeps, in revision_arena. */
int mig_evidence_take(struct mig_run *run, const struct mig_statement *statement, const char *text,
                      struct mig_evidence *out, struct mig_error *err) MIG_MUST_CHECK;
/* The statement of the row was sent and its outcome never heard of: whether it was carried out.
 * What it has left half done goes before. MIG_E_half_applied: nothing tells. */
int mig_evidence_weigh(struct mig_run *run, const struct mig_journal_row *row, bool *applied,
                       struct mig_error *err) MIG_MUST_CHECK;
/* The server said that the row's statement failed: nothing of it stays but what is built in the
 * background (an invalid index), which goes. What a DROP left is dropped again. */
int mig_evidence_clean_up(struct mig_run *run, const struct mig_journal_row *row,
                          struct mig_error *err) MIG_MUST_CHECK;
/* After the failure of a statement outside of a transaction: says in its detail what it has left
 * behind. */
void mig_evidence_tell_left(struct mig_run *run, const struct mig_statement *failed,
                            struct mig_error *err);

/* journal.c, journal_resume.c */
#define MIG_JOURNAL_TABLE "luamig_journal"
int mig_journal_create(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Reads all rows; none when there is no table. */
int mig_journal_load(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Whether the rows read say that something of the revision stays. */
bool mig_journal_has(const struct mig_run *run, const char *revision);
/* Of the present revision, as the table has it now; 0: none. */
int mig_journal_last_step(struct mig_run *run, int *step, struct mig_error *err) MIG_MUST_CHECK;
/* A step begins: where it goes on after a crash. Undecidable: MIG_E_half_applied. */
int mig_journal_enter(struct mig_run *run, const struct mig_step *step,
                      struct mig_error *err) MIG_MUST_CHECK;
/* The process that wrote the last row, when it still runs on this machine; NULL else. */
const char *mig_journal_alive(const struct mig_run *run);
/* The call in hand was cut off in between its statements. */
bool mig_journal_is_cut(const struct mig_run *run);
/* The parts_chain of the first `count` statements of a call. */
int mig_journal_chain_parts(struct mig_run *run, const struct mig_statements *parts, size_t count,
                            struct mig_error *err) MIG_MUST_CHECK;
/* The statements that are left of a call that was cut off. all: those of a text of the script's,
 * whose end may be another one by now; NULL: the call was compiled, and is not again. */
int mig_journal_rest(struct mig_run *run, const struct mig_statements *all,
                     struct mig_statements *out, struct mig_error *err) MIG_MUST_CHECK;
/* The last call that the journal has something of, which is where the digests are compared. */
int64_t mig_journal_last_call(const struct mig_journal *journal);
/* The call in hand is not what the journal knows: fails, and dooms the segment. */
int mig_journal_differs(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The function has returned: not before it came to where it was cut off. */
int mig_journal_end(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* A call begins, a doomed one too. *skip: it was finished before, its answer is in *answer (NULL:
 * it has none). One that failed then fails with the same error. */
int mig_journal_call(struct mig_run *run, const char *digest, bool *skip,
                     const struct mig_answer **answer, struct mig_error *err) MIG_MUST_CHECK;
/* The same of SQL text: of one that was cut off in between, mig_journal_rest compares the digest of
 * what was carried out. */
int mig_journal_call_of_text(struct mig_run *run, const char *digest, bool *skip,
                             const struct mig_answer **answer,
                             struct mig_error *err) MIG_MUST_CHECK;
/* Before a COMMIT inside the revision: its row. complete: the present call is done with it. */
int mig_journal_done(struct mig_run *run, bool complete, struct mig_error *err) MIG_MUST_CHECK;
/* Where a backfill stands, in the transaction of its batch. */
int mig_journal_cursor(struct mig_run *run, const struct mig_value *key, size_t count,
                       int64_t changed, struct mig_error *err) MIG_MUST_CHECK;
/* The call behind those that are finished is a backfill of which batches are. */
bool mig_journal_has_cursor(const struct mig_journal *journal);
/* It is the call in hand, or this fails. */
int mig_journal_check_cursor(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Where it stood before a crash; *found is false when it had not begun. */
int mig_journal_resume_cursor(struct mig_run *run, struct mig_value *key, size_t count,
                              int64_t *changed, bool *found, struct mig_error *err) MIG_MUST_CHECK;
/* Before and after a statement that commits by itself. */
int mig_journal_intent(struct mig_run *run, const struct mig_statement *statement,
                       struct mig_error *err) MIG_MUST_CHECK;
/* The server has heard of the statement in hand: it is done, or failed. When the revision's first
 * one failed and leaves nothing behind, nothing is half applied: its row goes. */
int mig_journal_carried_out(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
void mig_journal_failed(struct mig_run *run, const struct mig_statement *statement,
                        const struct mig_error *failure);
/* The revision is finished: its rows go with the version row. Appends what deletes them, if there
 * are any. */
int mig_journal_clear(struct mig_run *run, const char *revision, struct mig_statements *out,
                      struct mig_error *err) MIG_MUST_CHECK;
/* This process gives the revision up: another one need not wait for it. Writes down what it knows:
 * which statements are done, and why the next one is not. */
void mig_journal_leave(struct mig_run *run, const char *revision, const struct mig_error *failure);
/* All rows: a stamp says where the database stands. */
int mig_journal_forget(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;

/* One row is settled by hand: its state becomes done, or it goes. */
int mig_journal_settle(struct mig_run *run, const struct mig_journal_row *row, bool applied,
                       struct mig_error *err) MIG_MUST_CHECK;

/* undo.c */
/* The step is the downgrade of a revision whose upgrade was cut off. MIG_E_irreversible, before
 * anything was changed, names what has no inverse. */
int mig_undo_run(struct mig_run *run, const struct mig_step *step,
                 struct mig_error *err) MIG_MUST_CHECK;
/* Whether the journal has a part of the revision's upgrade. */
bool mig_undo_is_due(const struct mig_run *run, const char *revision);
/* A finished call, while they are gathered; else nothing happens. */
int mig_undo_gather(struct mig_run *run, struct mig_op *op, struct mig_error *err) MIG_MUST_CHECK;
int mig_undo_gather_sql(struct mig_run *run, const char *sql, struct mig_error *err) MIG_MUST_CHECK;
/* The first call that was not finished: an error that ends the function. */
int mig_undo_stop(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* A finished conn:transaction begins and ends: what it gathered goes where it was rolled back. */
int mig_undo_savepoint(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
void mig_undo_savepoint_end(struct mig_run *run, bool ok);

/* recover.c */
/* --from-history: revisions of the version table that no file knows are taken from the stored
 * sources. */
int mig_recover_sources(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The text of a revision: what the database has of one that came from there, else its file, as the
 * command has read it with the graph or reads it into the arena; none (NULL) of one that has no
 * file. MIG_E_config when it cannot be. */
int mig_recover_source(const struct mig_context *ctx, const struct mig_revision *revision,
                       struct mig_arena *arena, struct mig_source *out,
                       struct mig_error *err) MIG_MUST_CHECK;

/* backfill.c */
int mig_run_backfill(struct mig_run *run, const struct mig_op_backfill *op,
                     struct mig_error *err) MIG_MUST_CHECK;

/* failure.c */
struct mig_failure {
    const struct mig_step *step; /* NULL: none had begun */
    const struct mig_error *error;
    bool undoes; /* the step was to undo a half applied revision */
    bool writes; /* the sink changes the database */
};
/* Fills report->state: what the run left behind. After a lost connection report->to and applied are
 * as another connection finds them, if the server answers. */
void mig_failure_tell(struct mig_run *run, const struct mig_failure *failure,
                      struct mig_report *report);

/* lock.c */
struct mig_lease;
struct mig_lock {
    char key[64];
    bool held;        /* the session lock */
    bool trusted;     /* the session lock excludes everybody: no pooler, no cluster */
    int64_t token;    /* of our lease; 0: none was taken */
    int64_t taken_ms; /* when it was taken, by our clock */
    struct mig_lease *lease;
};
/* Waits up to settings.lock_timeout for other runners. Nothing to do where BEGIN locks. */
int mig_lock_acquire(struct mig_run *run, struct mig_lock *lock,
                     struct mig_error *err) MIG_MUST_CHECK;
void mig_lock_key(const struct mig_run *run, char *out, size_t size);
void mig_lock_release(struct mig_run *run, struct mig_lock *lock);

/* lease.c */
#define MIG_LEASE_TABLE "luamig_lock"
struct mig_lease_row {
    bool exists, by_session; /* its owner held the session lock as well */
    int64_t token, seconds_left;
    const char *owner, *since; /* owner NULL: free */
};
/* What the row says; exists is false when there is none. *table: whether there is a table. */
int mig_lease_look(struct mig_run *run, const char *key, struct mig_lease_row *row, bool *table,
                   struct mig_error *err) MIG_MUST_CHECK;
/* Gives the lease that the row is about back. */
int mig_lease_free(struct mig_run *run, const char *key, const struct mig_lease_row *row,
                   struct mig_error *err) MIG_MUST_CHECK;
/* Asks once; what the row says when somebody else has it. Makes the table when there is none, but
 * for a dry run that can do without. */
int mig_lease_try(struct mig_run *run, struct mig_lock *lock, struct mig_lease_row *row, bool *got,
                  struct mig_error *err) MIG_MUST_CHECK;
/* Renews it from now on, in a thread. */
int mig_lease_keep(struct mig_run *run, struct mig_lock *lock,
                   struct mig_error *err) MIG_MUST_CHECK;
/* MIG_E_lock_timeout when somebody else has it, or may have it. */
int mig_lease_check(const struct mig_lock *lock, struct mig_error *err) MIG_MUST_CHECK;
void mig_lease_release(struct mig_run *run, struct mig_lock *lock);

#endif
