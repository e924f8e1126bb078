#!/usr/bin/env bash
# lint.sh - what ./dev lint runs: every check, then one line that says which of them failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

failed=()
files() { git ls-files -co --exclude-standard --deduplicate -- "$@" | while read -r f; do [ -e "$f" ] && echo "$f"; done; }
check() { # NAME COMMAND...
    local name=$1 output begin=$EPOCHREALTIME
    shift
    if output=$("$@" 2>&1); then
        printf 'ok     %-14s' "$name"
    else
        echo "$output"
        printf 'FAILED %-14s' "$name"
        failed+=("$name")
    fi
    awk "BEGIN { printf \"%.1f s\n\", $EPOCHREALTIME - $begin }"
}

mapfile -t c_files < <(files 'src/*.c' 'src/*.h' 'include/*.h' 'spec/*.c' 'bench/*.c' 'fuzz/*.c')
mapfile -t lua_files < <(files '*.lua')
mapfile -t shell_files < <(files '*.sh' dev .ci/run)
mapfile -t text_files < <(files | grep -vE '^(spec/fixtures|spec/golden)/|\.(json|sum)$')

format() { clang-format --dry-run -Werror "${c_files[@]}"; }

layers() { files 'src/*.c' 'src/*.h' | xargs lua5.4 scripts/check_layers.lua; }

# clang's own compile commands: gcc's flags mean nothing to it. Building them is the check that clang has no warning.
clang_build() { cmake --preset clang >/dev/null && cmake --build --preset clang; }

# ./dev fuzz alone builds the targets; that they still fit is seen here.
fuzz_targets() {
    clang -std=c11 -D_GNU_SOURCE -fsyntax-only -Wno-string-concatenation -Werror -Isrc -Iinclude fuzz/*.c
}

# Without the client libraries: it builds, and says what is missing when a URL asks for one.
minimal_build() {
    local url
    cmake --preset minimal >/dev/null && cmake --build --preset minimal || return 1
    for url in postgresql://u@127.0.0.1/d mysql://u@127.0.0.1/d; do
        [[ $(build/minimal/luamig --url $url current 2>&1) == *"built without"* ]] || return 1
    done
}

# A file that clang-tidy has seen with these very headers and checks is not looked at again: build/tidy holds a name for it.
tidy() {
    local source deps key
    mkdir -p build/tidy
    ninja -C build/clang -t deps | awk -v RS= '{ line = ""; for (i = 2; i <= NF; i++) if ($i ~ /^\// && $i !~ /^\/usr\//) line = line " " $i; print line }' |
        sort -u | while read -r source deps; do
        # shellcheck disable=SC2086 # a list of files
        key=$(cat .clang-tidy "$source" $deps | sha256sum | cut -c1-64)
        [ -e "build/tidy/$key" ] || echo "$key $source"
    done | sort -u -k2,2 >build/tidy/wanted
    # shellcheck disable=SC2016 # for the inner shell
    xargs -r -P "$(nproc)" -n 2 nice bash -c 'clang-tidy --quiet -p build/clang "$1" 2>&1 && touch "build/tidy/$0"' <build/tidy/wanted
}

cppcheck_all() {
    cppcheck --project=build/clang/compile_commands.json --enable=warning,portability,performance --std=c11 --inline-suppr \
        --error-exitcode=1 --quiet -j "$(nproc)" --cppcheck-build-dir=build/cppcheck --suppressions-list=scripts/cppcheck.txt \
        -i build
}

# A shell script's own name for a folder is fine, the name of somebody's machine is not.
machine_paths() {
    ! grep -nIE '(^|[^a-zA-Z0-9_.$}])/(root|home/[a-z]+|work|Users/[a-z]+)/' "${text_files[@]}"
}

unfinished() {
    ! grep -nIwE 'TODO|FIXME|XXX|HACK' "${text_files[@]}" | grep -vE '^(scripts/lint\.sh|CONTRIBUTING\.md):'
}

white_space() { ! grep -nIE '[[:blank:]]+$' "${text_files[@]}" | grep -vE '\.md:|^spec/|^fuzz/corpus/' ; }

long_files() {
    local found
    found=$(wc -l "${c_files[@]}" "${lua_files[@]}" | awk '$2 != "total" && $1 > 950 && $2 !~ /^spec\// { print $2 ": " $1 " lines, the limit is 950" }')
    [ -z "$found" ] || {
        echo "$found"
        return 1
    }
}

# Not spec/: misspelt names are what many specs are about.
spelling() { printf '%s\n' "${text_files[@]}" | grep -v '^spec/' | xargs codespell --ignore-words=scripts/spelling.txt; }

mkdir -p build/cppcheck
check clang clang_build
check minimal minimal_build
check fuzz fuzz_targets
check format format
check layers layers
check luacheck luacheck --quiet --codes "${lua_files[@]}"
check shellcheck shellcheck -x "${shell_files[@]}"
check spelling spelling
check machine-paths machine_paths
check unfinished unfinished
check white-space white_space
check length long_files
check cppcheck cppcheck_all
check clang-tidy tidy
if [ ${#failed[@]} -gt 0 ]; then
    echo "lint: failed: ${failed[*]}"
    exit 1
fi
echo "lint: all is well"
