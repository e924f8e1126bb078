# shellcheck shell=bash
# What each task needs of Debian 12, and how it gets there. Sourced by ./dev.

packages_build=(gcc libc6-dev cmake ninja-build pkg-config lua5.4 liblua5.4-dev lua-filesystem lua-filesystem-dev
    lua-argparse libsqlite3-dev libmd-dev libjansson-dev libpq-dev libmariadb-dev)
packages_test=("${packages_build[@]}" lua-busted lua-cjson lua-check openssl sqlite3 postgresql-15 postgresql-client-15 mariadb-server-core
    mariadb-client-core graphviz locales zsh fish alembic python3-psycopg2 python3-pymysql)
# shellcheck disable=SC2034 # ./dev reads these
packages_lint=("${packages_build[@]}" ccache clang clang-format clang-tidy cppcheck lua-check shellcheck codespell git)
# shellcheck disable=SC2034
packages_fuzz=("${packages_build[@]}" clang libclang-rt-14-dev)
# shellcheck disable=SC2034
packages_coverage=("${packages_test[@]}" gcovr)

# shellcheck disable=SC2034
packages_bench=("${packages_build[@]}" binutils strace sqlite3 postgresql-15 postgresql-client-15 mariadb-server-core mariadb-client-core)
# shellcheck disable=SC2034
packages_peers=(alembic python3-psycopg2 python3-pymysql sqitch libdbd-sqlite3-perl libdbd-pg-perl libdbd-mysql-perl)
# shellcheck disable=SC2034 # of npm; better-sqlite3 13 wants Node.js 22
packages_peers_npm=(dbmate@2.36 knex@3.3 better-sqlite3@12 pg@8 mysql2@3)

# missing PACKAGE...: those that are not installed, one a line
missing() {
    local installed
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | awk '$2 == "installed" { print $1 }' || true)
    printf '%s\n' "$@" | sort -u | grep -vxF -f <(printf '%s\n' "$installed" none) || true
}

apt_get() {
    # RUNLEVEL=1: invoke-rc.d starts no service; the servers that tests need are their own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -q "$@" >&2
}

apt_update() {
    local try
    for try in 1 2 3 4 5; do # another apt-get may hold the lists for a moment
        apt_get update && return 0
        sleep "$try"
    done
    return 1
}

# need PACKAGE...: installs what is missing, or says what to install; no apt-get call when nothing is
need() {
    local packages
    mapfile -t packages < <(missing "$@")
    [ "${#packages[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "dev: these packages are missing; install them as root:" >&2
        echo "  apt-get install --no-install-recommends ${packages[*]}" >&2
        return 1
    fi
    echo "dev: installing ${packages[*]}" >&2
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        apt_update || return 1
    fi
    apt_get install -y --no-install-recommends "${packages[@]}" ||
        { apt_update && apt_get install -y --no-install-recommends "${packages[@]}"; }
}
