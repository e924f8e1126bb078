#include "util/suggest.h"

#include "util/ascii.h"

#include <string.h>

#define LONGEST 64

static bool same(char a, char b)
{
    return mig_ascii_lower(a) == mig_ascii_lower(b);
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance with transpositions, ignoring case; words over LONGEST count as far. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t rows[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= m; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = same(a[i - 1], b[j - 1]) ? 0 : 1;
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
    }
    return rows[n % 3][m];
}

const char *mig_suggest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    /* A third of the letters may be wrong, and one more in a word that is not very short. */
    size_t length = strlen(word), nearest = length / 3 + (length > 3 ? 2 : 1);
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, names[i]);
        if (d < nearest) {
            nearest = d;
            best = names[i];
        }
    }
    return best;
}
