/* What the steps' functions are loaded from, read and compiled before their turn: without a server
 * when every file is looked at, as many as there is room for, and else while the server works on
 * the end of the step before it. */
#include "runtime/command.intern.h"

#include <stdlib.h>
#include <string.h>

/* Of all that is kept at a time, in bytes. */
enum { KEPT_AT_MOST = 768 << 10 };

int mig_command_expect(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_ahead *ahead = &cmd->ahead;
    mig_command_forget(cmd);
    ahead->kept = mig_arena_array(cmd->arena, struct mig_kept_source, cmd->plan.step_count);
    if (ahead->kept == NULL) {
        return mig_error_nomem(err);
    }
    ahead->count = cmd->plan.step_count;
    return 0;
}

void mig_command_keep(struct mig_command *cmd, const struct mig_step *step,
                      const struct mig_source *source)
{
    struct mig_ahead *ahead = &cmd->ahead;
    const struct mig_strbuf *code = &ahead->code;
    size_t size = source->length + 1 + code->length;
    bool fits = source->text != NULL && code->length > 0 && !code->failed &&
                size <= KEPT_AT_MOST - ahead->size;
    char *bytes = fits ? malloc(size) : NULL;
    if (bytes == NULL) {
        return; /* it is read and compiled again */
    }
    memcpy(bytes, source->text, source->length + 1);
    memcpy(bytes + source->length + 1, code->text, code->length);
    ahead->kept[step - cmd->plan.steps] = (struct mig_kept_source){
        .bytes = bytes, .length = source->length, .code_length = code->length};
    ahead->size += size;
}

static void forget_step(struct mig_ahead *ahead, size_t i)
{
    struct mig_kept_source *kept = &ahead->kept[i];
    if (kept->bytes != NULL) {
        ahead->size -= kept->length + 1 + kept->code_length;
        free(kept->bytes);
        *kept = (struct mig_kept_source){0};
    }
}

void mig_command_forget_step(struct mig_command *cmd, const struct mig_step *step)
{
    forget_step(&cmd->ahead, (size_t)(step - cmd->plan.steps));
}

void mig_command_forget(struct mig_command *cmd)
{
    struct mig_ahead *ahead = &cmd->ahead;
    for (size_t i = 0; i < ahead->count; i++) {
        forget_step(ahead, i);
    }
    mig_strbuf_release(&ahead->code);
    mig_arena_release(&ahead->arena);
    *ahead = (struct mig_ahead){0};
}

/* What fails here is said when the step's turn comes. */
static void look_ahead(void *payload)
{
    struct mig_command *cmd = payload;
    struct mig_ahead *ahead = &cmd->ahead;
    const struct mig_step *next = ahead->next;
    const struct mig_host *host = &cmd->ctx->host;
    const struct mig_kept_source *kept = &ahead->kept[next - cmd->plan.steps];
    struct mig_error ignored = {0};
    if (kept->bytes == NULL) {
        struct mig_source source;
        int rc = mig_recover_source(cmd->ctx, next->revision, &ahead->arena, &source, &ignored);
        mig_strbuf_truncate(&ahead->code, 0);
        if (rc == 0 && source.text != NULL && host->compile != NULL &&
            host->compile(host->self, next->revision, &source, &ahead->code, &ignored) == 0) {
            mig_command_keep(cmd, next, &source);
        }
        mig_arena_rewind(&ahead->arena);
    }
    ahead->digested = kept->bytes != NULL &&
                      mig_checksum(kept->bytes, kept->length, ahead->checksum, &ignored) == 0;
    mig_error_clear(&ignored);
}

int mig_command_commit(struct mig_command *cmd, const struct mig_step *step, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    cmd->ahead.next = step + 1 < cmd->plan.steps + cmd->plan.step_count ? step + 1 : NULL;
    bool more = cmd->ahead.next != NULL && cmd->ahead.next->revision != NULL && run->sink->live;
    if (more) {
        mig_conn_meanwhile(run->conn, look_ahead, cmd);
    }
    int rc = mig_segment_commit(run, err);
    if (more) {
        mig_conn_meanwhile(run->conn, NULL, NULL);
    }
    return mig_run_blame(run, rc, NULL, err);
}

int mig_command_source(struct mig_command *cmd, const struct mig_step *step, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    const struct mig_ahead *ahead = &cmd->ahead;
    const struct mig_kept_source *kept = &ahead->kept[step - cmd->plan.steps];
    if (kept->bytes == NULL) {
        return mig_recover_source(cmd->ctx, step->revision, &run->revision_arena, &run->source,
                                  err);
    }
    run->source = (struct mig_source){.text = kept->bytes,
                                      .length = kept->length,
                                      .code = kept->bytes + kept->length + 1,
                                      .code_length = kept->code_length};
    if (ahead->digested && ahead->next == step) {
        run->source.checksum = mig_arena_strdup(&run->revision_arena, ahead->checksum);
    }
    return 0;
}
