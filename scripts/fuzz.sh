#!/usr/bin/env bash
# fuzz.sh SECONDS - each fuzz target for so long, from the corpus in fuzz/corpus; new inputs stay in build/fuzz/corpus.
# A crash leaves its input there too and fails. Worth keeping: copy it to fuzz/corpus/<target>/ with the fix.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
seconds=$1
failed=0
for target in build/fuzz/fuzz-*; do
    name=${target##*/fuzz-}
    found=build/fuzz/corpus/$name
    mkdir -p "$found"
    if "$target" -max_total_time="$seconds" -max_len=512 -timeout=5 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$found/crash-" "$found" "fuzz/corpus/$name" >"$found.log" 2>&1; then
        echo "ok     $name: $(awk '/number_of_executed_units/ { print $2 }' "$found.log") inputs"
    else
        tail -n 40 "$found.log"
        echo "FAILED $name"
        failed=1
    fi
done
exit $failed
