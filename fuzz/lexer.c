/* The statement lexer on each dialect: split, bind, and what was split is found in the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/lexer.h"
#include "driver/database.h"

static void lex(const struct mig_dialect *dialect, const char *sql, size_t length)
{
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_server server = {.version = 150000, .no_backslash_escapes = true};
    struct mig_statements statements = {0};

    if (mig_lexer_split(dialect, &server, &arena, sql, length, &statements, &err) == 0) {
        for (size_t i = 0; i < statements.count; i++) {
            struct mig_params params = {0};

            if (!statements.items[i].sql || statements.items[i].length > length) {
                abort();
            }
            if (mig_lexer_bind(dialect, &server, &arena, &statements.items[i], &params, &err) !=
                0) {
                mig_error_clear(&err);
            }
        }
    }
    mig_error_clear(&err);
    mig_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; mig_databases[i]; i++) {
        lex(mig_databases[i]->dialect, (const char *)data, size);
    }
    return 0;
}
