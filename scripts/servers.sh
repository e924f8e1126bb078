#!/usr/bin/env bash
# servers.sh - real database servers for the specs: on 127.0.0.1, on free ports, unprivileged, without systemd.
#
#   servers.sh start NAME...   start them (one that runs is left alone) and wait until they answer
#   servers.sh stop [NAME...]  stop and wait until they are gone; all when none is named
#   servers.sh env [NAME...]   NAME_URL=... of those that run
#   servers.sh status          one line a server
#
# NAME: pg15 mariadb
# LUAMIG_SERVERS_DIR holds data, sockets, logs and pids (default: ${TMPDIR:-/tmp}/luamig-servers-UID).
# Started as root, the servers run as LUAMIG_SERVERS_USER (default: nobody).
set -uo pipefail
umask 022

BASE=${LUAMIG_SERVERS_DIR:-${TMPDIR:-/tmp}/luamig-servers-$(id -u)}
RUN_AS=${LUAMIG_SERVERS_USER:-nobody}
HOST=127.0.0.1
NAME=luamig # the database, its user and the password
ALL=(pg15 mariadb)

say() { echo "servers: $*" >&2; }
die() {
    say "$@"
    exit 1
}

# ---- processes

as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$(id -u "$RUN_AS")" --regid="$(id -g "$RUN_AS")" --clear-groups env HOME="$BASE" "$@"
    else
        "$@"
    fi
}

own_folder() {
    mkdir -p "$1"
    if [ "$(id -u)" = 0 ]; then chown "$RUN_AS" "$1"; fi
}

# Field 22 of /proc/PID/stat, the start time: with the pid it names one process, whatever pid is used again later.
started_at() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() { # NAME
    local pid start
    read -r pid start 2>/dev/null <"$BASE/$1/pid" || return 1
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"
}

spawn() { # NAME COMMAND...: detached, in a session of its own; setsid, setpriv and env exec, so the pid is the server's
    local name=$1 pid command=(setsid)
    shift
    if [ "$(id -u)" = 0 ]; then
        command+=(setpriv --reuid="$(id -u "$RUN_AS")" --regid="$(id -g "$RUN_AS")" --clear-groups env HOME="$BASE")
    fi
    (cd / && exec "${command[@]}" "$@") </dev/null >>"$BASE/$name/out.log" 2>&1 &
    pid=$!
    echo "$pid $(started_at "$pid")" >"$BASE/$name/pid"
    disown "$pid"
}

stop_one() { # NAME SIGNAL
    local pid _ left
    if alive "$1"; then
        read -r pid _ <"$BASE/$1/pid"
        kill "-$2" "$pid" 2>/dev/null
        for ((left = 300; left > 0; left--)); do
            alive "$1" || break
            sleep 0.1
        done
        if alive "$1"; then
            say "$1 does not answer SIG$2: killed"
            kill -KILL -- "-$pid" 2>/dev/null # the session that spawn made for it
        fi
    fi
    rm -f "$BASE/$1/pid"
}

wait_for() { # NAME SECONDS COMMAND...: until it succeeds; fails when the server died or the time is over
    local name=$1 left=$(($2 * 20))
    shift 2
    while ! "$@" >/dev/null 2>&1; do
        if ! alive "$name" || [ $((left--)) -le 0 ]; then
            say "$name did not start; its log:"
            tail -n 20 "$BASE/$name"/*.log >&2
            return 1
        fi
        sleep 0.05
    done
}

# Below the range that the kernel hands out to clients. Whoever loses the race for a port tries another (start).
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 8<>"/dev/tcp/$HOST/$port") 2>/dev/null || break
    done
    echo "$port" | tee "$BASE/$1/port"
}

# ---- PostgreSQL

PG_FAST=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=80
    -c autovacuum=off -c log_min_messages=warning)

pg_query() { # PORT PSQL-OPTION...
    PGPASSWORD=$NAME psql -X -q -h "$HOST" -p "$1" -U "$NAME" -d template1 "${@:2}"
}

start_pg() { # NAME BINARIES
    local name=$1 bin=$2 folder=$BASE/$1 port
    own_folder "$folder"
    if [ ! -s "$folder/data/PG_VERSION" ]; then
        echo "$NAME" >"$folder/password"
        as_user "$bin/initdb" -D "$folder/data" -U "$NAME" --pwfile="$folder/password" -A scram-sha-256 -E UTF8 \
            --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || {
            cat "$folder/initdb.log" >&2
            return 1
        }
    fi
    port=$(free_port "$name")
    spawn "$name" "$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses="$HOST" \
        -c unix_socket_directories="$folder" "${PG_FAST[@]}"
    wait_for "$name" 60 pg_query "$port" -c 'select 1' || return 1
    pg_query "$port" -Atc "select 1 from pg_database where datname = '$NAME'" | grep -q 1 ||
        pg_query "$port" -c "create database $NAME"
}

# ---- MariaDB

MY_FAST=(--innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --innodb-log-file-size=16M
    --skip-name-resolve --max-connections=100 --character-set-server=utf8mb4)

my_query() { # SOCKET SQL, as root
    mariadb --no-defaults -uroot -S "$1" -e "$2"
}

# The system tables from the server's own SQL, one statement a line as --bootstrap reads them.
my_system_tables() { # SHARE
    local part
    echo "create database if not exists mysql;"
    echo "use mysql;"
    echo "set @skip_auth_anonymous=1;"
    echo "set @auth_root_socket=NULL;"
    echo "set @current_hostname='localhost';"
    for part in system_tables performance_tables system_tables_data add_gis_sp_bootstrap sys_schema; do
        cat "$1/mysql_$part.sql" "$1/mariadb_$part.sql" "$1/maria_$part.sql" 2>/dev/null
        echo
    done
}

start_mariadb() { # NAME SHARE SERVER
    local name=$1 share=$2 server=$3 folder=$BASE/$1 port
    own_folder "$folder"
    if [ ! -e "$folder/data/complete" ]; then
        rm -rf "$folder/data"
        own_folder "$folder/data"
        my_system_tables "$share" | as_user "$server" --no-defaults --bootstrap --silent-startup \
            --datadir="$folder/data" --lc-messages-dir="$share" --innodb-log-file-size=16M >"$folder/init.log" 2>&1 || {
            tail -n 20 "$folder/init.log" >&2
            return 1
        }
        as_user touch "$folder/data/complete"
    fi
    port=$(free_port "$name")
    spawn "$name" "$server" --no-defaults --lc-messages-dir="$share" --datadir="$folder/data" --bind-address="$HOST" \
        --port="$port" --socket="$folder/server.sock" --pid-file="$folder/data/server.pid" --tmpdir="$folder" \
        --log-error="$folder/error.log" "${MY_FAST[@]}"
    wait_for "$name" 60 my_query "$folder/server.sock" 'select 1' || return 1
    my_query "$folder/server.sock" "create database if not exists $NAME character set utf8mb4;
        create user if not exists $NAME@'%' identified by '$NAME';
        create user if not exists $NAME@localhost identified by '$NAME';
        grant all on *.* to $NAME@'%' with grant option;
        grant all on *.* to $NAME@localhost with grant option;"
}

# ---- one row a server: how it starts, stops and is reached

start_server() {
    case $1 in
        pg15) start_pg pg15 /usr/lib/postgresql/15/bin ;;
        mariadb) start_mariadb mariadb /usr/share/mysql /usr/sbin/mariadbd ;;
        *) die "unknown server $1 (there are: ${ALL[*]})" ;;
    esac
}

stop_server() {
    case $1 in
        pg*) stop_one "$1" INT ;; # fast shutdown; TERM would wait for its clients
        *) stop_one "$1" TERM ;;
    esac
}

url_of() {
    local scheme=mysql
    case $1 in pg*) scheme=postgresql ;; esac
    echo "$scheme://$NAME:$NAME@$HOST:$(cat "$BASE/$1/port")/$NAME"
}

start() {
    alive "$1" && return 0
    # A second try, on another port: somebody may take one between our look and the server's bind.
    start_server "$1" || { stop_server "$1"; start_server "$1"; } || { stop_server "$1"; die "$1 cannot be started"; }
}

task=${1:-help}
[ $# -gt 0 ] && shift
case $task in
    start) [ $# -gt 0 ] || die "start what? (${ALL[*]})" ;;
    stop | env | status) [ $# -gt 0 ] || set -- "${ALL[@]}" ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
        [ "$task" = help ]
        exit
        ;;
esac
mkdir -p "$BASE" || exit 1
BASE=$(cd "$BASE" && pwd -P) || exit 1
as_user test -x "$BASE" || die "the user $RUN_AS cannot enter $BASE: a folder above it is closed"

case $task in
    start)
        jobs=()
        for name; do
            start "$name" &
            jobs+=($!)
        done
        failed=0
        for job in "${jobs[@]}"; do wait "$job" || failed=1; done
        exit $failed
        ;;
    stop) for name; do stop_server "$name"; done ;;
    env) for name; do if alive "$name"; then echo "$(echo "$name" | tr '[:lower:]' '[:upper:]')_URL=$(url_of "$name")"; fi; done ;;
    status)
        for name; do
            if alive "$name"; then echo "$name: pid $(cut -d' ' -f1 "$BASE/$name/pid"), $(url_of "$name")"; else echo "$name: stopped"; fi
        done
        ;;
esac
