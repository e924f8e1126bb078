#!/usr/bin/env bash
# servers.sh - real database servers for the specs: on 127.0.0.1, on free ports, unprivileged, without systemd.
#
#   servers.sh start NAME...   start them (one that runs is left alone) and wait until they answer
#   servers.sh stop [NAME...]  stop and wait until they are gone; all when none is named
#   servers.sh kill NAME...    SIGKILL to all of their processes at once; start goes on with the same data and port
#   servers.sh env [NAME...]   NAME_URL=... of those that run
#   servers.sh status          one line a server
#
# NAME: pg15 mariadb, which is what ./dev test needs, and for ./dev test --matrix
#       pg16 pg17 pg18 mariadb11 mysql (Oracle's), pgbouncer (transaction pooling before pg15),
#       pgreplica (a primary and its standby), galera3 (three nodes)
# LUAMIG_SERVERS_DIR holds data, sockets, logs and pids (default: ${TMPDIR:-/tmp}/luamig-servers-UID).
# LUAMIG_SERVERS_OPTIONS holds more options for the servers that start.
# Started as root, the servers run as LUAMIG_SERVERS_USER (default: nobody).
set -uo pipefail
umask 022

BASE=${LUAMIG_SERVERS_DIR:-${TMPDIR:-/tmp}/luamig-servers-$(id -u)}
RUN_AS=${LUAMIG_SERVERS_USER:-nobody}
HOST=127.0.0.1
NAME=luamig # the database, its user and the password
read -ra OPTIONS <<<"${LUAMIG_SERVERS_OPTIONS:-}"
ALL=(pgbouncer pg15 pg16 pg17 pg18 pgreplica mariadb mariadb11 mysql galera3)
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck source=scripts/packages.sh
source ./packages.sh
# shellcheck source=scripts/server_binaries.sh
source ./server_binaries.sh

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

runs_pid() { [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

alive() { # NAME
    local pid start
    read -r pid start 2>/dev/null <"$BASE/$1/pid" || return 1
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && runs_pid "$pid"
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

kill_one() { # NAME: as a machine would lose it, but for what the kernel has still to write
    local pid child children
    read -r pid _ 2>/dev/null <"$BASE/$1/pid" || return 0
    if alive "$1"; then
        kill -STOP "$pid" # or it would start new ones for those that end
        children=$(cat "/proc/$pid/task/"*/children 2>/dev/null)
        # shellcheck disable=SC2086 # a list of pids
        kill -KILL "$pid" $children 2>/dev/null
        for child in $pid $children; do
            while runs_pid "$child"; do sleep 0.01; done
        done
    fi
    # PostgreSQL looks whether the process that they name is there, and a zombie is
    rm -f "$BASE/$1/pid" "$BASE/$1/data/postmaster.pid" "$BASE/$1"/.s.PGSQL.*
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

# Below the range that the kernel hands out to clients; the one it had before, if that is free. Whoever loses the
# race for a port tries another (start).
free_port() {
    local port
    port=$(cat "$BASE/$1/port" 2>/dev/null)
    while [ -z "$port" ] || (exec 8<>"/dev/tcp/$HOST/$port") 2>/dev/null; do
        port=$((20000 + RANDOM % 12000))
    done
    echo "$port" | tee "$BASE/$1/port"
}

# ---- PostgreSQL

PG_FAST=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200
    -c autovacuum=off -c log_min_messages=warning)

pg_query() { # PORT PSQL-OPTION...
    PGPASSWORD=$NAME psql -X -q -h "$HOST" -p "$1" -U "$NAME" -d template1 "${@:2}"
}

start_pg() { # NAME BINARIES [OPTION...]
    local name=$1 bin=$2 folder=$BASE/$1 port
    shift 2
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
        -c unix_socket_directories="$folder" "${PG_FAST[@]}" "$@" "${OPTIONS[@]}"
    wait_for "$name" 60 pg_query "$port" -c 'select 1' || return 1
    pg_query "$port" -Atc "select 1 from pg_database where datname = '$NAME'" | grep -q 1 ||
        pg_query "$port" -c "create database $NAME"
}

start_pgbouncer() {
    local folder=$BASE/pgbouncer port upstream
    start pg15 || return 1
    upstream=$(cat "$BASE/pg15/port")
    own_folder "$folder"
    port=$(free_port pgbouncer)
    echo "\"$NAME\" \"$NAME\"" >"$folder/users.txt"
    cat >"$folder/pgbouncer.ini" <<INI
[databases]
* = host=$HOST port=$upstream
[pgbouncer]
listen_addr = $HOST
listen_port = $port
unix_socket_dir =
auth_type = plain
auth_file = $folder/users.txt
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
INI
    spawn pgbouncer /usr/sbin/pgbouncer "$folder/pgbouncer.ini"
    # not in template1, where its pool would stay and CREATE DATABASE fail
    wait_for pgbouncer 20 pg_query "$port" -d "$NAME" -c 'select 1'
}

# A primary (pgreplica) and a standby that follows it (pgreplica-standby).
start_pgreplica() {
    local bin=/usr/lib/postgresql/15/bin folder=$BASE/pgreplica-standby port
    start_pg pgreplica $bin -c wal_level=replica -c max_wal_senders=5 || return 1
    own_folder "$folder"
    if [ ! -s "$folder/data/PG_VERSION" ]; then
        as_user env PGPASSWORD=$NAME $bin/pg_basebackup -h $HOST -p "$(cat "$BASE/pgreplica/port")" -U $NAME \
            -D "$folder/data" -R -X stream -c fast --no-sync >"$folder/basebackup.log" 2>&1 || return 1
    fi
    port=$(free_port pgreplica-standby)
    spawn pgreplica-standby $bin/postgres -D "$folder/data" -p "$port" -c listen_addresses=$HOST \
        -c unix_socket_directories="$folder" -c hot_standby=on "${PG_FAST[@]}"
    wait_for pgreplica-standby 60 pg_query "$port" -c 'select 1'
}

# ---- MariaDB

MY_FAST=(--innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M
    --skip-name-resolve --max-connections=400 --character-set-server=utf8mb4)

# What only MariaDB has: no sync at all. A crash of the machine would lose the data, which is scratch anyway.
MARIADB_FAST=(--debug-no-sync --skip-sync-frm --innodb-flush-method=nosync)

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

my_accounts() { # SOCKET
    my_query "$1" "create database if not exists $NAME character set utf8mb4;
        create user if not exists $NAME@'%' identified by '$NAME';
        create user if not exists $NAME@localhost identified by '$NAME';
        grant all on *.* to $NAME@'%' with grant option;
        grant all on *.* to $NAME@localhost with grant option;"
}

my_bootstrap() { # NAME SHARE SERVER-COMMAND...
    local folder=$BASE/$1 share=$2
    shift 2
    [ -e "$folder/data/complete" ] && return 0
    rm -rf "$folder/data"
    own_folder "$folder/data"
    my_system_tables "$share" | as_user "$@" --no-defaults --bootstrap --silent-startup --datadir="$folder/data" --tmpdir="$folder" \
        --lc-messages-dir="$share" --innodb-log-file-size=16M --wsrep-on=OFF >"$folder/init.log" 2>&1 || {
        tail -n 20 "$folder/init.log" >&2
        return 1
    }
    as_user touch "$folder/data/complete"
}

start_mariadb() { # NAME SHARE SERVER-COMMAND...
    local name=$1 share=$2 folder=$BASE/$1 port
    shift 2
    own_folder "$folder"
    my_bootstrap "$name" "$share" "$@" || return 1
    port=$(free_port "$name")
    spawn "$name" "$@" --no-defaults --lc-messages-dir="$share" --datadir="$folder/data" --bind-address=$HOST \
        --port="$port" --socket="$folder/server.sock" --pid-file="$folder/data/server.pid" --tmpdir="$folder" \
        --log-error="$folder/error.log" --innodb-log-file-size=16M "${MY_FAST[@]}" "${MARIADB_FAST[@]}" "${OPTIONS[@]}"
    wait_for "$name" 60 my_query "$folder/server.sock" 'select 1' || return 1
    my_accounts "$folder/server.sock"
}

start_mysql() {
    local folder=$BASE/mysql root=$CACHE/mysql-sid program options port
    own_folder "$folder"
    options=(--no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql"
        --plugin-dir="$root/usr/lib/mysql/plugin" --character-sets-dir="$root/usr/share/mysql/charsets"
        --datadir="$folder/data" --secure-file-priv=NULL --innodb-redo-log-capacity=16M)
    suite_program mysql-sid usr/sbin/mysqld
    if [ ! -e "$folder/data/complete" ]; then
        rm -rf "$folder/data"
        own_folder "$folder/data"
        as_user "${program[@]}" "${options[@]}" --initialize-insecure --log-error="$folder/init.log" || {
            tail -n 20 "$folder/init.log" >&2
            return 1
        }
        as_user touch "$folder/data/complete"
    fi
    port=$(free_port mysql)
    spawn mysql "${program[@]}" "${options[@]}" --bind-address=$HOST --port="$port" --socket="$folder/server.sock" \
        --pid-file="$folder/data/server.pid" --mysqlx=OFF --skip-log-bin --tmpdir="$folder" \
        --log-error="$folder/error.log" "${MY_FAST[@]}" "${OPTIONS[@]}"
    wait_for mysql 90 my_query "$folder/server.sock" 'select 1' || return 1
    my_accounts "$folder/server.sock"
}

# ---- Galera: nodes galera3, galera3-2, galera3-3. Each has four ports: SQL, group communication, IST, SST.

galera_status() { # NODE VARIABLE
    my_query "$BASE/$1/server.sock" "select variable_value from information_schema.global_status where variable_name = '$2'" 2>/dev/null |
        tail -n 1
}

galera_joined() { [ "$(galera_status "$1" wsrep_local_state_comment)" = Synced ] && [ "$(galera_status "$1" wsrep_cluster_status)" = Primary ]; }

start_galera_node() { # NODE [OPTION...]
    local name=$1 folder=$BASE/$1 group ist sst members
    shift
    group=$(cat "$folder/group.port") ist=$(cat "$folder/ist.port") sst=$(cat "$folder/sst.port")
    members=$(for node in galera3 galera3-2 galera3-3; do echo "$HOST:$(cat "$BASE/$node/group.port")"; done | paste -sd,)
    spawn "$name" /usr/sbin/mariadbd --no-defaults --datadir="$folder/data" --bind-address=$HOST \
        --port="$(cat "$folder/port")" --socket="$folder/server.sock" --pid-file="$folder/data/server.pid" \
        --tmpdir="$folder" --log-error="$folder/error.log" --innodb-log-file-size=16M "${MY_FAST[@]}" "${MARIADB_FAST[@]}" \
        --binlog-format=ROW --innodb-autoinc-lock-mode=2 --wsrep-on=ON --wsrep-cluster-name=luamig \
        --wsrep-provider=/usr/lib/galera/libgalera_smm.so --wsrep-cluster-address="gcomm://$members" \
        --wsrep-node-name="$name" --wsrep-node-address="$HOST:$group" \
        --wsrep-node-incoming-address="$HOST:$(cat "$folder/port")" --wsrep-sst-method=rsync \
        --wsrep-sst-receive-address="$HOST:$sst" \
        --wsrep-provider-options="gmcast.listen_addr=tcp://$HOST:$group;ist.recv_addr=$HOST:$ist;gcache.size=32M;evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT5S;pc.recovery=false" \
        "$@"
    wait_for "$name" 120 galera_joined "$name"
}

# A cluster is made, never resumed: the folders of an earlier one are removed.
start_galera() {
    local node part
    for node in galera3 galera3-2 galera3-3; do
        rm -rf "${BASE:?}/$node"
        own_folder "$BASE/$node"
        for part in group ist sst; do
            free_port "$node" >"$BASE/$node/$part.port"
            rm "$BASE/$node/port"
        done
        free_port "$node" >/dev/null
    done
    my_bootstrap galera3 /usr/share/mysql /usr/sbin/mariadbd || return 1
    for node in galera3-2 galera3-3; do cp -a "$BASE/galera3/data" "$BASE/$node/data"; done
    start_galera_node galera3 --wsrep-new-cluster && start_galera_node galera3-2 && start_galera_node galera3-3 || return 1
    my_accounts "$BASE/galera3/server.sock"
}

# ---- one row a server: what it needs, how it starts, stops and is reached

prepare_server() {
    case $1 in
        pg15 | pgreplica) need postgresql-15 postgresql-client-15 ;;
        pgbouncer) need postgresql-15 postgresql-client-15 pgbouncer ;;
        pg1[678])
            need postgresql-client-15 && { command -v npm >/dev/null || need npm; } && fetch_postgres "${1#pg}"
            ;;
        mariadb) need mariadb-server-core mariadb-client-core ;;
        mariadb11)
            need mariadb-client-core && fetch_suite mariadb-trixie trixie mariadb-server-core
            ;;
        mysql)
            need mariadb-client-core && fetch_suite mysql-sid sid mysql-server-core mysql-client-core
            ;;
        galera3) need mariadb-server mariadb-client-core galera-4 rsync iproute2 lsof ;;
        *) die "unknown server $1 (there are: ${ALL[*]})" ;;
    esac
}

start_server() {
    local program share
    case $1 in
        pg15) start_pg pg15 /usr/lib/postgresql/15/bin ;;
        pg1[678]) start_pg "$1" "$CACHE/$1/native/bin" ;;
        pgbouncer) start_pgbouncer ;;
        pgreplica) start_pgreplica ;;
        mariadb) start_mariadb mariadb /usr/share/mysql /usr/sbin/mariadbd ;;
        mariadb11)
            suite_program mariadb-trixie usr/sbin/mariadbd
            share=$CACHE/mariadb-trixie/usr/share/mariadb
            [ -d "$share" ] || share=$CACHE/mariadb-trixie/usr/share/mysql
            start_mariadb mariadb11 "$share" "${program[@]}"
            ;;
        mysql) start_mysql ;;
        galera3) start_galera ;;
    esac
}

# The processes of a server, in the order in which they are stopped.
members_of() {
    case $1 in
        pgreplica) echo pgreplica-standby pgreplica ;;
        galera3) echo galera3-3 galera3-2 galera3 ;;
        *) echo "$1" ;;
    esac
}

stop_server() {
    local member
    for member in $(members_of "$1"); do
        case $member in
            pg*) stop_one "$member" INT ;; # fast shutdown; TERM would wait for the clients
            *) stop_one "$member" TERM ;;
        esac
    done
}

runs() {
    local member
    for member in $(members_of "$1"); do alive "$member" || return 1; done
}

url_of() { # MEMBER
    local scheme=mysql
    case $1 in pg*) scheme=postgresql ;; esac
    echo "$scheme://$NAME:$NAME@$HOST:$(cat "$BASE/$1/port")/$NAME"
}

start() {
    runs "$1" && return 0
    prepare_server "$1" || die "$1 cannot be had"
    # A second try, on another port: somebody may take one between our look and the server's bind.
    start_server "$1" || { stop_server "$1"; rm -f "$BASE/$1/port"; start_server "$1"; } || { stop_server "$1"; die "$1 cannot be started"; }
}

task=${1:-help}
[ $# -gt 0 ] && shift
case $task in
    start | kill) [ $# -gt 0 ] || die "$task what? (${ALL[*]})" ;;
    stop | env | status) [ $# -gt 0 ] || set -- "${ALL[@]}" ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]##*/}"
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
        for name; do prepare_server "$name" || die "$name cannot be had"; done
        failed=0
        for name; do
            [ "$name" = pgbouncer ] && continue # begins with pg15, which may be among those that start now
            start "$name" &
            jobs+=($!)
        done
        for job in "${jobs[@]}"; do wait "$job" || failed=1; done
        [[ " $* " != *" pgbouncer "* ]] || start pgbouncer || failed=1
        exit $failed
        ;;
    stop) for name; do stop_server "$name"; done ;;
    kill) for name; do for member in $(members_of "$name"); do kill_one "$member"; done; done ;;
    env)
        for name; do
            for member in $(members_of "$name"); do
                if alive "$member"; then echo "$(echo "$member" | tr '[:lower:]-' '[:upper:]_')_URL=$(url_of "$member")"; fi
            done
        done
        ;;
    status)
        for name; do
            for member in $(members_of "$name"); do
                if alive "$member"; then
                    echo "$member: pid $(cut -d' ' -f1 "$BASE/$member/pid"), $(url_of "$member")"
                else
                    echo "$member: stopped"
                fi
            done
        done
        ;;
esac
