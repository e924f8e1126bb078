/* What the calls of a revision were answered, as text of the journal: "call changed columns
 * rows\n", then each column's name and each cell as kind, length, ':', bytes. */
#include "dialect/compile.h"
#include "runtime/run.intern.h"
#include "util/number.h"
#include "util/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer that is larger is not written down: a crash after its segment cannot be resumed. */
enum { ANSWER_BYTES = 64 * 1024, SEGMENT_BYTES = 4 * 1024 * 1024 };

void mig_answer_write_bytes(struct mig_strbuf *out, char kind, const char *bytes, size_t length)
{
    mig_strbuf_putc(out, kind);
    mig_append_integer(out, (int64_t)length);
    mig_strbuf_putc(out, ':');
    mig_strbuf_add(out, bytes, length);
}

void mig_answer_write_cell(struct mig_strbuf *out, const struct mig_value *value)
{
    static const char digits[] = "0123456789abcdef";
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        mig_strbuf_puts(out, value->boolean ? "b1:1" : "b1:0");
        break;
    case MIG_VALUE_INT: {
        char text[MIG_INTEGER_TEXT];
        size_t length = mig_integer_write(text, value->integer);
        mig_answer_write_bytes(out, 'i', text, length);
        break;
    }
    case MIG_VALUE_FLOAT: {
        char text[MIG_FLOAT_TEXT];
        mig_float_format(text, value->number);
        mig_answer_write_bytes(out, 'f', text, strlen(text));
        break;
    }
    case MIG_VALUE_TEXT:
        mig_answer_write_bytes(out, 's', value->text, value->length);
        break;
    case MIG_VALUE_JSON:
        mig_answer_write_bytes(out, 'j', value->text, value->length);
        break;
    case MIG_VALUE_BYTES: /* a text column takes no bytes */
        mig_strbuf_printf(out, "x%zu:", value->length * 2);
        for (size_t i = 0; i < value->length; i++) {
            unsigned char byte = (unsigned char)value->text[i];
            mig_strbuf_putc(out, digits[byte >> 4]);
            mig_strbuf_putc(out, digits[byte & 15]);
        }
        break;
    default:
        mig_strbuf_puts(out, "n0:");
        break;
    }
}

struct mig_value mig_answer_text(const char *text, size_t length)
{
    size_t at = 0, step = 1;
    while (at < length && step > 0) {
        step = mig_utf8_length(text + at, length - at);
        at += step;
    }
    return (struct mig_value){
        .kind = at == length ? MIG_VALUE_TEXT : MIG_VALUE_BYTES, .text = text, .length = length};
}

/* The answer of one call; cells as they are written. */
static void write_answer(struct mig_run *run, int64_t call, int64_t changed,
                         const char *const *names, size_t column_count, size_t row_count,
                         const struct mig_strbuf *cells)
{
    struct mig_strbuf *out = &run->journal.written;
    if (cells->failed || cells->length > ANSWER_BYTES || row_count > MIG_ANSWER_ROWS ||
        out->length > SEGMENT_BYTES) {
        run->journal.too_big = true;
        return;
    }
    const int64_t head[] = {call, changed, (int64_t)column_count, (int64_t)row_count};
    for (size_t i = 0; i < MIG_COUNT(head); i++) {
        mig_append_integer(out, head[i]);
        mig_strbuf_putc(out, i + 1 < MIG_COUNT(head) ? ' ' : '\n');
    }
    for (size_t i = 0; i < column_count; i++) {
        mig_answer_write_bytes(out, 's', names[i], strlen(names[i]));
    }
    mig_strbuf_add(out, mig_strbuf_text(cells), cells->length);
}

void mig_journal_note(struct mig_run *run, const struct mig_result *result)
{
    struct mig_journal *journal = &run->journal;
    struct mig_strbuf cells = {0};
    if (!journal->active || journal->calls <= journal->covered || journal->too_big) {
        return;
    }
    for (size_t i = 0; i < result->row_count * result->column_count &&
                       result->row_count <= MIG_ANSWER_ROWS && cells.length <= ANSWER_BYTES;
         i++) {
        mig_answer_write_cell(&cells, &result->cells[i]);
    }
    write_answer(run, journal->calls, result->changed, result->columns, result->column_count,
                 result->row_count, &cells);
    mig_strbuf_release(&cells);
}

/* In place of the rows changed: the call failed, and its row is the error. */
enum { FAILED = -2 };
/* Of each text of an error as much is kept. */
enum { FAILURE_BYTES = 4096 };

enum { FAILURE_NUMBERS = 4, FAILURE_CELLS = FAILURE_NUMBERS + MIG_ERROR_TEXTS };

static struct mig_value failure_text(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (text == NULL) {
        return (struct mig_value){.kind = MIG_VALUE_NULL};
    }
    return mig_answer_text(text,
                           length > FAILURE_BYTES ? mig_utf8_fit(text, FAILURE_BYTES) : length);
}

void mig_journal_note_failure(struct mig_run *run, const struct mig_error *failure)
{
    const char *columns[FAILURE_CELLS] = {"kind", "sqlstate", "native_code", "line"};
    struct mig_value cells[FAILURE_CELLS] = {
        mig_value_text(mig_code_name(failure->code)), mig_value_text(failure->sqlstate),
        (struct mig_value){.kind = MIG_VALUE_INT, .integer = failure->native_code},
        (struct mig_value){.kind = MIG_VALUE_INT, .integer = failure->line}};
    for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
        columns[FAILURE_NUMBERS + i] = mig_error_text_name(i);
        cells[FAILURE_NUMBERS + i] = failure_text(mig_error_text(failure, i));
    }
    mig_journal_note(run, &(struct mig_result){.columns = columns,
                                               .column_count = FAILURE_CELLS,
                                               .cells = cells,
                                               .row_count = 1,
                                               .changed = FAILED});
}

int mig_answer_raise(const struct mig_answer *answer, struct mig_error *err)
{
    const struct mig_result *result = &answer->result;
    if (result->changed != FAILED || result->row_count != 1 ||
        result->column_count != FAILURE_CELLS) {
        return 0;
    }
    const struct mig_value *cells = result->cells;
    mig_error_clear(err);
    err->code = cells[0].text != NULL ? mig_code_by_name(cells[0].text) : MIG_OK;
    err->code = err->code == MIG_OK ? MIG_E_sql : err->code;
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", cells[1].text != NULL ? cells[1].text : "");
    err->native_code = (int)cells[2].integer;
    err->line = (int)cells[3].integer;
    for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
        mig_error_string(mig_error_slot(err, i), cells[FAILURE_NUMBERS + i].text, SIZE_MAX);
    }
    return (int)err->code;
}

void mig_journal_note_row(struct mig_run *run, struct mig_rows_reader *reader)
{
    if (!run->journal.active || reader->forgotten) {
        return;
    }
    if (reader->at > MIG_ANSWER_ROWS || reader->cells.length > ANSWER_BYTES) {
        reader->forgotten = true;
        mig_strbuf_release(&reader->cells);
        return;
    }
    for (size_t i = 0; i < reader->column_count; i++) {
        mig_answer_write_cell(&reader->cells, &reader->values[i]);
    }
}

void mig_journal_note_rows(struct mig_run *run, const struct mig_rows_reader *reader)
{
    if (!run->journal.active) {
        return;
    }
    if (reader->forgotten) {
        run->journal.too_big = true;
        return;
    }
    write_answer(run, reader->call, -1, reader->columns, reader->column_count, reader->at,
                 &reader->cells);
}

static bool read_number(const char **at, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    bool good = end != *at && errno == 0;
    *at = end;
    return good;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

bool mig_answer_read_cell(struct mig_arena *arena, const char **at, struct mig_value *out)
{
    char kind = **at;
    int64_t length = 0;
    if (kind == '\0') {
        return false;
    }
    (*at)++;
    if (!read_number(at, &length) || **at != ':' || length < 0 ||
        strnlen(*at + 1, (size_t)length) < (size_t)length) {
        return false;
    }
    const char *bytes = *at + 1;
    *at = bytes + length;
    char *text = mig_arena_strndup(arena, bytes, (size_t)length);
    if (text == NULL) {
        return false;
    }
    *out = (struct mig_value){.kind = MIG_VALUE_NULL};
    switch (kind) {
    case 'b':
        *out = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = text[0] == '1'};
        break;
    case 'i':
        *out = (struct mig_value){.kind = MIG_VALUE_INT, .integer = strtoll(text, NULL, 10)};
        break;
    case 'f':
        out->kind = MIG_VALUE_FLOAT;
        return mig_float_parse(text, (size_t)length, &out->number);
    case 's':
    case 'j':
        *out = (struct mig_value){.kind = kind == 's' ? MIG_VALUE_TEXT : MIG_VALUE_JSON,
                                  .text = text,
                                  .length = (size_t)length};
        break;
    case 'x':
        for (int64_t i = 0; i + 1 < length; i += 2) {
            text[i / 2] = (char)(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
        }
        text[length / 2] = '\0';
        *out = (struct mig_value){
            .kind = MIG_VALUE_BYTES, .text = text, .length = (size_t)(length / 2)};
        break;
    default:
        break;
    }
    return true;
}

int mig_answers_read(struct mig_run *run, const struct mig_journal_row *row,
                     struct mig_answer ***tail, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    for (const char *at = row->answers; at != NULL && *at != '\0';) {
        int64_t column_count = 0, row_count = 0;
        struct mig_answer *answer = mig_arena_new(arena, struct mig_answer);
        if (answer == NULL) {
            return mig_error_nomem(err);
        }
        bool good = read_number(&at, &answer->call) && read_number(&at, &answer->result.changed) &&
                    read_number(&at, &column_count) && read_number(&at, &row_count) &&
                    *at++ == '\n';
        struct mig_result *result = &answer->result;
        if (good) {
            result->column_count = (size_t)column_count;
            result->row_count = (size_t)row_count;
            result->columns = mig_arena_array(arena, const char *, result->column_count);
            result->cells =
                mig_arena_array(arena, struct mig_value, result->column_count * result->row_count);
            good = result->columns != NULL && result->cells != NULL;
        }
        for (size_t i = 0; good && i < result->column_count; i++) {
            struct mig_value name = {0};
            good = mig_answer_read_cell(arena, &at, &name);
            result->columns[i] = name.text;
        }
        for (size_t i = 0; good && i < result->column_count * result->row_count; i++) {
            good = mig_answer_read_cell(arena, &at, &result->cells[i]);
        }
        if (!good) {
            return arena->failed
                       ? mig_error_nomem(err)
                       : mig_error_set(err, MIG_E_half_applied,
                                       "step %d of '%s' in " MIG_JOURNAL_TABLE " cannot be read",
                                       row->step, row->revision);
        }
        **tail = answer;
        *tail = &answer->next;
    }
    return 0;
}

/* ---- what is asked of the catalog and of chance ---- */

/* A call that is answered by one text (NULL: no row), once more when it was before a crash. */
static int remembered(struct mig_run *run, const char *what, const char *name, bool *skip,
                      const char **text, struct mig_error *err)
{
    const struct mig_answer *answer = NULL;
    char digest[MIG_DIGEST_SIZE];
    *text = NULL;
    *skip = false;
    if (run->journal.active) {
        mig_text_digest(what, name, NULL, digest);
        int rc = mig_journal_call(run, digest, skip, &answer, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (*skip && answer != NULL && answer->result.row_count > 0) {
        *text = answer->result.cells[0].text;
    }
    return mig_segment_doom(run, err);
}

static void remember(struct mig_run *run, const char *text)
{
    const char *column = "text";
    struct mig_value cell = mig_value_text(text);
    mig_journal_note(run, &(struct mig_result){.columns = &column,
                                               .column_count = 1,
                                               .cells = &cell,
                                               .row_count = text != NULL ? 1 : 0,
                                               .changed = -1});
}

int mig_run_not_known(struct mig_error *err)
{
    mig_error_clear(err);
    return mig_error_set(err, MIG_E_offline, "what an earlier revision changes is not known");
}

/* A lint looks at more when it goes by the guess. */
static int be_sure(const struct mig_run *run, struct mig_error *err)
{
    return run->unsure && run->options->sink == MIG_SINK_PLAN ? mig_run_not_known(err) : 0;
}

/* What is looked up by its columns, to be dropped by its name, has the server's, whichever run has
 * made the table. (Nobody has to look for a primary key.) */
static bool is_nameless(const struct mig_table *table)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        if (constraint->name == NULL && constraint->kind != MIG_CONSTRAINT_PRIMARY) {
            return true;
        }
    }
    return false;
}

int mig_run_table(struct mig_run *run, const char *schema, const char *name,
                  const struct mig_table **out, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    const char *key = mig_arena_printf(arena, "%s.%s", schema != NULL ? schema : "", name);
    const char *text = NULL;
    bool skip = false;
    *out = NULL;
    int rc = key == NULL ? mig_error_nomem(err) : remembered(run, "table", key, &skip, &text, err);
    if (rc != 0) {
        return mig_run_end_call(run, rc, err);
    }
    if (skip) {
        struct mig_snapshot snapshot = {0};
        if (text == NULL) {
            return 0;
        }
        rc = mig_snapshot_read(arena, text, strlen(text), &snapshot, err);
        if (rc == 0 && snapshot.schema.table_count > 0) {
            *out = snapshot.schema.tables[0];
        }
        return mig_run_end_call(run, rc, err);
    }
    rc = be_sure(run, err);
    if (rc == 0) {
        rc = mig_catalog_table(run->catalog, schema, name, out, err);
    }
    if (rc == 0 && *out != NULL && is_nameless(*out)) {
        rc = mig_compile_named_table(&run->compile, schema, name, out, err);
    }
    if (rc == 0 && run->journal.active) {
        struct mig_strbuf json = {0};
        struct mig_table *table = *out != NULL ? mig_table_copy(arena, *out) : NULL;
        const struct mig_snapshot snapshot = {
            .dialect = run->db->dialect->name,
            .server_version = run->server->version,
            .is_mariadb = run->server->is_mariadb,
            .schema = {.tables = &table, .table_count = table != NULL ? 1 : 0}};
        if (table != NULL) {
            mig_snapshot_write(&snapshot, &json);
        }
        remember(run, table != NULL ? mig_strbuf_text(&json) : NULL);
        mig_strbuf_release(&json);
    }
    return mig_run_end_call(run, rc, err);
}

int mig_run_table_names(struct mig_run *run, const char *schema, struct mig_names *out,
                        struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    const char *text = NULL;
    bool skip = false;
    *out = (struct mig_names){.given = true};
    int rc = remembered(run, "tables", schema, &skip, &text, err);
    if (rc == 0) {
        rc = be_sure(run, err);
    }
    if (rc == 0 && !skip) {
        rc = mig_catalog_table_names(run->catalog, arena, schema, out, err);
    }
    if (rc == 0 && !skip && run->journal.active) {
        struct mig_strbuf lines = {0};
        for (size_t i = 0; i < out->count; i++) {
            mig_strbuf_printf(&lines, "%s\n", out->items[i]);
        }
        remember(run, mig_strbuf_text(&lines));
        mig_strbuf_release(&lines);
    }
    for (const char *at = text; rc == 0 && at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (mig_names_append(arena, out, mig_arena_strndup(arena, at, length)) != 0) {
            rc = mig_error_nomem(err);
        }
        at += length + (at[length] == '\n');
    }
    return mig_run_end_call(run, rc, err);
}

int mig_run_remember(struct mig_run *run, const char *what, const char *fresh, const char **out,
                     struct mig_error *err)
{
    const char *text = NULL;
    bool skip = false;
    int rc = remembered(run, "value", what, &skip, &text, err);
    if (rc == 0 && !skip && run->journal.active) {
        remember(run, fresh);
    }
    *out = skip && text != NULL ? text : fresh;
    return mig_run_end_call(run, rc, err);
}
