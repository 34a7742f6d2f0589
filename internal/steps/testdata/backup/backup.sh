#!/bin/sh
# Backup of a Carbon server, made by carbon-setup: the databases that its datasources lead to, and what belongs to this install alone.
# It is made anew when answers or datasources change; a change by hand is told by the audit, and lost.
# settings: {"schedule":"Sat 23:05","directory":"/var/backups/carbon","keep":14,"username":"carbon_backup","credentials":"/etc/carbon/backup","compress":"auto","databases":true,"h2":"stopped","oracle_directory":"CARBON_BACKUP","server_directory":"D:\\it's"}
#
#   carbon-backup.sh                     make a backup
#   carbon-backup.sh --check FOLDER      is a backup whole? Sums of every file, and the dumps read through
#   carbon-backup.sh --set-password NAME keep the password of the dump account for a database, typed or from standard input
set -eu
umask 077
LC_ALL=C
PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/opt/mssql-tools18/bin:/opt/mssql-tools/bin${ORACLE_HOME:+:$ORACLE_HOME/bin}
export LC_ALL PATH

CARBON_HOME=/opt/wso2am-1.8.0
DIRECTORY=/var/backups/carbon
KEEP=14
CREDENTIALS=/etc/carbon/backup
DUMP_USER=carbon_backup
COMPRESS=auto
HOST=$(uname -n | tr -c 'A-Za-z0-9.\n' -)
PREFIX=carbon-backup-wso2am-1.8.0-$HOST

work=
lock=
echo_off=
told=

say() { printf 'carbon-backup: %s\n' "$*" >&2; }

# fail tells why, in one line, and leaves. Under systemd standard error is the journal already.
fail() {
    told=yes
    say "FAILED: $*"
    [ -n "${JOURNAL_STREAM:-}" ] || logger -t carbon-backup -p user.err -- "FAILED: $*" 2>/dev/null || :
    exit 1
}

# Nothing half-made stays, however the script ends. What a kill leaves goes with the next run.
leave() {
    code=$?
    trap - EXIT
    [ "$code" = 0 ] || [ -n "$told" ] || say "FAILED: ended in the middle, with the code $code; nothing of this run is kept"
    [ -z "$echo_off" ] || stty echo
    cd /
    [ -z "$work" ] || rm -rf -- "$work"
    [ -z "$lock" ] || rm -rf -- "$lock"
    exit "$code"
}
trap leave EXIT
trap 'told=yes; say "FAILED: interrupted; nothing of this run is kept"; exit 130' HUP INT TERM

# cause is what the last program said, in one line. On a full disk it could say nothing.
cause() {
    if (echo full >"$work/.full") 2>/dev/null; then
        tail -n 3 "$work/.said" 2>/dev/null | tr -s '\n\r\t ' '    ' | cut -c1-600
    else
        echo "no space is left in $DIRECTORY"
    fi
}

# rights sets MODE and OWNER of a file or folder.
rights() {
    listed=$(ls -ldn -- "$1" 2>/dev/null) || return 1
    MODE=${listed%% *}
    OWNER=$(printf '%s\n' "$listed" | awk 'NR == 1 { print $3 }')
}

# private refuses a file with a password that somebody else owns, or can read.
private() {
    [ ! -L "$1" ] || fail "$1 is a link; put the file itself there"
    [ -f "$1" ] || fail "$1 is not there, which has to hold the password of $DUMP_USER. Make it with: sh $0 --set-password $2"
    rights "$1" || fail "$1: its rights cannot be read"
    [ "$OWNER" = "$(id -u)" ] || fail "$1 belongs to user number $OWNER, not to user number $(id -u), who runs the backup. Make it again with: sh $0 --set-password $2"
    case $MODE in
    -r[w-]-------*) ;;
    *) fail "$1 can be read by others ($MODE), so it is not used. Change the password in the database, then: chmod 600 and sh $0 --set-password $2" ;;
    esac
    [ -r "$1" ] || fail "$1 cannot be read"
}

# own_script: what root runs must not be something that the user of the server can write.
own_script() {
    [ "$(id -u)" = 0 ] && [ -f "$0" ] && rights "$0" || return 0
    case $OWNER$MODE in
    0-????-??-*) ;;
    *) fail "$0 belongs to user number $OWNER ($MODE): root must not run what others can write. Copy it: install -o root -g root -m 750 '$0' /usr/local/sbin/carbon-backup-wso2am-1.8.0" ;;
    esac
}

prepare_directory() {
    [ -d "$DIRECTORY" ] || mkdir -p -- "$DIRECTORY" 2>/dev/null || fail "$DIRECTORY cannot be made"
    rights "$DIRECTORY/." || fail "$DIRECTORY: its rights cannot be read"
    [ "$OWNER" = "$(id -u)" ] || fail "$DIRECTORY belongs to user number $OWNER, not to user number $(id -u), who runs the backup"
    case $MODE in
    d???------*) ;;
    *) fail "$DIRECTORY can be read by others ($MODE), and backups hold keys and passwords. chmod 700 it" ;;
    esac
    (: >"$DIRECTORY/.carbon-backup-writes.$$") 2>/dev/null || fail "$DIRECTORY cannot be written, or is full"
    rm -f -- "$DIRECTORY/.carbon-backup-writes.$$"
}

# one_at_a_time ends the second of two runs. The lock goes with the process, or is taken from one that is gone.
one_at_a_time() {
    busy="another backup of this install is under way; this one has done nothing"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$DIRECTORY/.$PREFIX.lock"
        flock -n 9 || fail "$busy"
        return 0
    fi
    lock=$DIRECTORY/.$PREFIX.lock.d
    if ! mkdir "$lock" 2>/dev/null; then
        sleep 1
        holder=$(cat "$lock/pid" 2>/dev/null || :)
        if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
            lock=
            fail "$busy (process $holder)"
        fi
        rm -rf -- "$lock"
        mkdir "$lock" || { lock=; fail "$busy"; }
    fi
    echo $$ >"$lock/pid"
}

# finished lists the whole backups of this home on this host, oldest first. Nothing else is ever removed.
finished() {
    for b in "$DIRECTORY/$PREFIX"-????????T??????Z; do
        if [ -f "$b/MANIFEST" ] && [ ! -L "$b" ] && grep -Fqx "home=$CARBON_HOME" "$b/INFO" 2>/dev/null && grep -Fqx "host=$HOST" "$b/INFO"; then
            printf '%s\n' "${b##*/}"
        fi
    done
}

# room asks for as much as the last backup took, and a fifth more.
room() {
    last=$(finished | tail -n 1)
    [ -n "$last" ] || return 0
    need=$(du -sk -- "$DIRECTORY/$last" | awk '{ print int($1 * 1.2) + 10240 }')
    have=$(df -Pk -- "$DIRECTORY" | awk 'NR == 2 { print $4 }')
    case $have in
    '' | *[!0-9]*) return 0 ;;
    esac
    [ "$have" -ge "$need" ] || fail "$DIRECTORY has $((have / 1024)) MB left, and a backup takes about $((need / 1024)) MB. Make room, or lower backup.keep"
}

choose_compression() {
    if [ "$COMPRESS" = auto ]; then
        if command -v zstd >/dev/null 2>&1; then COMPRESS=zstd; else COMPRESS=gzip; fi
    fi
    command -v "$COMPRESS" >/dev/null 2>&1 || fail "$COMPRESS is not installed"
    case $COMPRESS in
    zstd) EXT=zst ;;
    *) EXT=gz ;;
    esac
}
squeeze() { if [ "$COMPRESS" = zstd ]; then zstd -q -c; else gzip -c; fi; }
unsqueeze() {
    case $1 in
    *.zst) zstd -q -d -c -- "$1" ;;
    *) gzip -d -c -- "$1" ;;
    esac
}

sums() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# piped runs a program through the compression into a file of the backup. A pipe tells of its last program alone: the state of the first goes by a file.
piped() {
    into=$1
    shift
    rm -f -- "$work/.state"
    { code=0; "$@" </dev/null 2>"$work/.said" || code=$?; echo "$code" 2>/dev/null >"$work/.state" || :; } 2>/dev/null | squeeze >"$work/$into" 2>"$work/.squeezed" || {
        cat "$work/.squeezed" >>"$work/.said" 2>/dev/null || :
        return 99
    }
    state=$(cat "$work/.state" 2>/dev/null || :)
    [ -n "$state" ] || return 99
    return "$state"
}

# postgresql NAME HOST PORT DATABASE SSLMODE ROOTS
postgresql() {
    command -v pg_dump >/dev/null 2>&1 || fail "dump of $1: pg_dump is not installed. Install the client of PostgreSQL, of the server's version or newer"
    private "$CREDENTIALS/$1.pgpass" "$1"
    (
        unset PGPASSWORD PGSERVICE PGSERVICEFILE PGHOSTADDR PGOPTIONS PGSSLMODE
        PGPASSFILE=$CREDENTIALS/$1.pgpass PGHOST=$2 PGPORT=$3 PGDATABASE=$4 PGUSER=$DUMP_USER PGCONNECT_TIMEOUT=30
        export PGPASSFILE PGHOST PGPORT PGDATABASE PGUSER PGCONNECT_TIMEOUT
        [ -z "$5" ] || export PGSSLMODE="$5"
        [ -z "$6" ] || export PGSSLROOTCERT="$6"
        exec pg_dump --no-password --format=custom --lock-wait-timeout=600000 --file="$work/$1.pgdump"
    ) </dev/null 2>"$work/.said" || fail "dump of $1 (PostgreSQL $2:$3/$4): $(cause)"
    if command -v pg_restore >/dev/null 2>&1; then
        pg_restore --list "$work/$1.pgdump" >/dev/null 2>"$work/.said" || fail "dump of $1 (PostgreSQL $2:$3/$4) cannot be read back: $(cause)"
    fi
    echo "database=$1 $1.pgdump PostgreSQL $2:$3/$4" >>"$work/INFO"
}

# mysql NAME HOST PORT DATABASE TLS CLIENT OTHER-CLIENT
mysql() {
    name=$1 at="$2:$3/$4" host=$2 port=$3 database=$4 tls=$5 dump=$6
    command -v "$dump" >/dev/null 2>&1 || dump=$7
    command -v "$dump" >/dev/null 2>&1 || fail "dump of $name: neither $6 nor $7 is installed"
    private "$CREDENTIALS/$name.cnf" "$name"
    knows=$("$dump" --no-defaults --help 2>/dev/null || :)
    set -- --single-transaction --quick --routines --triggers --events --hex-blob --comments --no-tablespaces --default-character-set=utf8mb4
    case $knows in *set-gtid-purged*) set -- "$@" --set-gtid-purged=OFF ;; esac
    case $knows in *column-statistics*) set -- "$@" --column-statistics=0 ;; esac
    case $tls$knows in
    require*ssl-mode*) set -- "$@" --ssl-mode=REQUIRED ;;
    verify*ssl-mode*) set -- "$@" --ssl-mode=VERIFY_IDENTITY ;;
    require*) set -- "$@" --ssl ;;
    verify*) set -- "$@" --ssl-verify-server-cert ;;
    esac
    # The home is another one for its time: option files there would come after ours, and take its place.
    piped "$name.sql.$EXT" env HOME="$work/.nobody" MYSQL_TEST_LOGIN_FILE="$work/.nobody/login" "$dump" --defaults-extra-file="$CREDENTIALS/$name.cnf" \
        --protocol=TCP --host="$host" --port="$port" --user="$DUMP_USER" "$@" -- "$database" || fail "dump of $name ($dump $at): $(cause)"
    unsqueeze "$work/$name.sql.$EXT" | tail -n 5 | grep -q '^-- Dump completed' || fail "dump of $name ($dump $at) ends early"
    echo "database=$name $name.sql.$EXT MySQL or MariaDB $at" >>"$work/INFO"
}

# oracle NAME CONNECT SCHEMA DIRECTORY-OBJECT WHAT
oracle() {
    command -v expdp >/dev/null 2>&1 || fail "dump of $1: expdp is not installed, or ORACLE_HOME is not set"
    private "$CREDENTIALS/$1.par" "$1"
    dump=$(printf '%s' "$STEM-$1" | tr -c 'A-Za-z0-9' _)
    TWO_TASK=$2 expdp PARFILE="$CREDENTIALS/$1.par" DIRECTORY="$4" DUMPFILE="$dump.dmp" LOGFILE="$dump.log" SCHEMAS="$3" FLASHBACK_TIME=SYSTIMESTAMP \
        </dev/null >"$work/.said" 2>&1 || fail "dump of $1 ($5): $(cause)"
    mv -- "$work/.said" "$work/$1.expdp.txt"
    echo "database=$1 $dump.dmp $5, in the directory object $4 on the database server" >>"$work/INFO"
}

# sqlserver NAME SERVER TRUST QUERY-HEAD QUERY-TAIL WHAT
sqlserver() {
    command -v sqlcmd >/dev/null 2>&1 || fail "dump of $1: sqlcmd is not installed"
    private "$CREDENTIALS/$1.sqlcmd" "$1"
    password=
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in SQLCMDPASSWORD=*) password=${line#*=} ;; esac
    done <"$CREDENTIALS/$1.sqlcmd"
    [ -n "$password" ] || fail "$CREDENTIALS/$1.sqlcmd has no line SQLCMDPASSWORD=..."
    (
        SQLCMDPASSWORD=$password
        export SQLCMDPASSWORD
        exec sqlcmd -S "$2" -U "$DUMP_USER" -l 30 -b -x $3 -Q "$4$STEM-$1.bak$5"
    ) </dev/null >"$work/.said" 2>&1 || fail "dump of $1 ($6): $(cause)"
    password=
    mv -- "$work/.said" "$work/$1.sqlcmd.txt"
    echo "database=$1 $STEM-$1.bak $6, in a folder of the database server" >>"$work/INFO"
}

# h2_files NAME PATH: the files of a database that no server has open. A running H2 writes all the time: a copy of its files is no backup.
h2_files() {
    [ ! -e "$2.lock.db" ] || fail "$1 is an H2 database in use ($2.lock.db): stop the server first, or set backup.h2 to leave. If no server runs, it was cut off: start and stop it once"
    folder=${2%/*} file=${2##*/}
    set -- "$1" "$2"
    for f in "$file.h2.db" "$file.mv.db"; do
        [ ! -f "$folder/$f" ] || set -- "$@" "./$f"
    done
    if [ $# = 2 ]; then
        say "$1: there is no H2 database at $2 yet"
        echo "database=$1 none H2 $2" >>"$work/INFO"
        return 0
    fi
    name=$1 where=$2
    shift 2
    piped "$name.h2.tar.$EXT" tar -C "$folder" -cf - "$@" || fail "copy of $name (H2 $where): $(cause)"
    [ ! -e "$where.lock.db" ] || fail "$name (H2 $where) was opened while it was copied"
    echo "database=$name $name.h2.tar.$EXT H2 $where" >>"$work/INFO"
}

# packed FILE FOLDER PATH...: tar tells by 1 that a file has changed while it was read; then it is all read again.
packed() {
    into=$1 from=$2
    shift 2
    for try in 1 2 3; do
        code=0
        piped "$into" tar -C "$from" -cf - "$@" || code=$?
        [ "$code" = 1 ] || break
        [ "$try" = 3 ] || sleep 2
    done
    [ "$code" = 0 ] || fail "copy of $from: $(cause)"
    unsqueeze "$work/$into" 2>"$work/.said" | tar -tf - >>"$work/FILES" 2>>"$work/.said" || fail "$into cannot be read back: $(cause)"
}

# follow PATH notes in .links where links in it lead that is not packed yet. A line break in a name would come out as two lines: it is an empty one.
follow() {
    find "$1" -type l -exec sh -c 'for l; do
        [ -e "$l" ] || continue
        if [ -d "$l" ]; then t=$(cd -- "$l" && pwd -P; echo .); else t=$(readlink -f -- "$l"; echo .); fi
        t=${t%??}
        case $t in *"$0"*) t= ;; esac
        printf "%s\n" "$t"
    done' "$line_break" {} + </dev/null >"$work/.found" 2>/dev/null || : # what went away meanwhile is no link
    while IFS= read -r found; do
        [ -n "$found" ] || fail "a link in $1 leads to a name with a line break, or cannot be followed"
        ! elsewhere "$found" || grep -Fqx -- "$found" "$work/.links" || printf '%s\n' "$found" >>"$work/.links"
    done <"$work/.found"
}

# elsewhere tells whether the end of a link is to be packed on its own: not what is packed as it is, what comes with the system, what is in memory
# alone, what no backup may have, and not what holds the home or the backups.
elsewhere() {
    for part in bin repository/conf repository/resources repository/deployment repository/tenants repository/carbonapps repository/axis2 repository/components/lib repository/components/dropins repository/components/extensions repository/components/default/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info business-processes .carbon-setup; do
        case $1 in "$real_home/$part" | "$real_home/$part"/*) return 1 ;; esac
    done
    case $1 in
    /usr/local/*) ;;
    /usr/* | /bin/* | /sbin/* | /lib/* | /lib64/* | /proc/* | /sys/* | /dev/* | /run/* | /var/run/*) return 1 ;;
    */password-tmp | */password-persist | "$real_home"/tmp* | "$real_home"/repository/logs* | "$real_home"/repository/database*) return 1 ;;
    esac
    for other in "$real_home" "$DIRECTORY" "$CREDENTIALS"; do
        case $other/ in "${1%/}"/*) say "a link leads to $1, which holds $other: what else is in it is not packed"; return 1 ;; esac
    done
    case $1 in "$DIRECTORY"/* | "$CREDENTIALS"/*) return 1 ;; esac
    [ -f "$1" ] || [ -d "$1" ]
}

# linked packs what links of the install lead to: the nodes of a cluster often share the deployed artifacts so, and a link alone gives nothing back.
linked() {
    line_break='
'
    real_home=$(cd -- "$CARBON_HOME" && pwd -P)
    : >"$work/.links"
    : >"$work/.away"
    for rel in bin repository/conf repository/resources repository/deployment repository/tenants repository/carbonapps repository/axis2 repository/components/lib repository/components/dropins repository/components/extensions repository/components/default/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info business-processes .carbon-setup; do
        [ -e "$CARBON_HOME/$rel" ] || continue
        follow "$CARBON_HOME/$rel"
        # tar puts no link in the place of a folder that has something in it, as a new release has at these places.
        find "$CARBON_HOME/$rel" -type l -exec sh -c 'for l; do
            [ ! -d "$l" ] || printf "%s\n" "$l" | sed -e "s/$0/$0\\\\$0$0/g" -e "s/^/    d=$0/" -e "s/\$/$0; [ -L \"\$d\" ] || [ ! -d \"\$d\" ] || mv -- \"\$d\" \"\$d.release\"/"
        done' "'" {} + </dev/null >>"$work/.away" 2>/dev/null || :
    done
    set --
    while IFS= read -r end; do
        inside=
        for one in "$@"; do
            case $end in "${one#.}"/*) inside=yes ;; esac
        done
        [ -z "$inside" ] || continue
        set -- "$@" ".$end"
        printf 'linked=%s\n' "$end" >>"$work/INFO"
        follow "$end" # which adds to what is read here
    done <"$work/.links"
    [ $# = 0 ] || packed "linked.tar.$EXT" / "$@"
}

# state is what no database and no download can give back.
state() {
    for key in /opt/wso2am-1.8.0/repository/resources/security/wso2carbon.jks; do
        [ -s "$key" ] || fail "the keystore $key is not there; without it what the vault encrypts is lost"
    done
    for patch in "$CARBON_HOME"/repository/components/patches/patch[0-9]*; do
        [ ! -d "$patch" ] || printf 'patch=%s\n' "${patch##*/}" >>"$work/INFO"
    done
    set --
    for rel in bin repository/conf repository/resources repository/deployment repository/tenants repository/carbonapps repository/axis2 repository/components/lib repository/components/dropins repository/components/extensions repository/components/default/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info business-processes .carbon-setup; do
        [ ! -e "$CARBON_HOME/$rel" ] || set -- "$@" "./$rel"
    done
    [ $# -gt 0 ] || fail "there is nothing to be kept in $CARBON_HOME"
    packed "install.tar.$EXT" "$CARBON_HOME" "$@"
    set --
    for rel in 'etc/keys/own trust.jks'; do
        [ ! -e "/$rel" ] || set -- "$@" "./$rel"
    done
    [ $# = 0 ] || packed "outside.tar.$EXT" / "$@"
    linked
}

instructions() {
    if [ -s "$work/.away" ] || [ -f "$work/linked.tar.$EXT" ]; then drop='/^@LINKED/d'; else drop='/^@LINKED-BEGIN@/,/^@LINKED-END@/d'; fi
    cd -- "$work"
    sed -e "$drop" -e '/^@AWAY@/{' -e 'r .away' -e 'd' -e '}' -e "s|@EXT@|$EXT|g" -e "s|@UNPACK@|$COMPRESS -dc|g" -e "s|@STEM@|$STEM|g" -e "s|@ORASTEM@|$(printf '%s' "$STEM" | tr -c 'A-Za-z0-9' _)|g" >RESTORE.txt <<'END-OF-INSTRUCTIONS'
HOW TO RESTORE THIS BACKUP OF /opt/wso2am-1.8.0

First look whether it is whole:

    sh /usr/local/sbin/carbon-backup-wso2am-1.8.0 --check FOLDER

where FOLDER is the folder that this file is in. Without the script:
sha256sum -c MANIFEST. Then work in that folder, as root, with the server
stopped. On another machine, put its host and port in the place of these.

1. What belongs to the install: configuration, keystores, deployed artifacts,
   libraries. Where the home is lost, first unpack the same release of the
   product at the same path, with the patches that INFO lists and the features
   that were installed later: bundles.info, which the backup has, names their
   bundles, and the backup does not have them. What the backup has takes the
   place of what is there.

@LINKED-BEGIN@
   Folders of the new release that were links here go out of the way first:

@AWAY@

@LINKED-END@
    @UNPACK@ install.tar.@EXT@ | tar -C /opt/wso2am-1.8.0 -xpf -

   The keystores outside of the home:

    @UNPACK@ outside.tar.@EXT@ | tar -C / -xpf -

@LINKED-BEGIN@
   What links of the home lead to (INFO lists it). Other nodes may use it,
   too: leave this out where it is not lost.

    @UNPACK@ linked.tar.@EXT@ | tar -C / -xpf -

@LINKED-END@
   The password of the keystore is not in the backup: whoever has both can
   read every password of the vault. Keep it elsewhere.

2. PG: PostgreSQL db1:5432/it's $a, used by PG
   On a server that does not have the account yet, make it first, with the
   password that the datasource has:

    createuser --host=db1 --port=5432 --username=postgres --pwprompt -- carbon

   Into a new database, which belongs to the account of the server:

    createdb --host=db1 --port=5432 --username=postgres --owner=carbon -- 'it'\''s $a'
    pg_restore --host=db1 --port=5432 --username=carbon --dbname='it'\''s $a' --no-owner --no-privileges --exit-on-error --single-transaction PG.pgdump

   The new one needs the encoding of the old one: createdb --encoding=UTF8
   --template=template0 where the server itself has another. Over what is
   there: add --clean --if-exists to pg_restore. One table alone:
   pg_restore --list tells their names, --table=NAME takes one.

3. MY: MySQL db3:3307/carbon, used by MY
   On a server that does not have the account yet, make it first, as the
   administrator, with the password that the datasource has, and this machine
   in the place of %:

    CREATE USER 'carbon'@'%' IDENTIFIED BY '...';
    GRANT ALL ON `carbon`.* TO 'carbon'@'%';

   Into a database that is there; the dump drops each table of its own before
   it makes it:

    mysql --protocol=TCP --host=db3 --port=3307 --user=root -p -e 'CREATE DATABASE IF NOT EXISTS `carbon`'
    @UNPACK@ MY.sql.@EXT@ | mysql --protocol=TCP --host=db3 --port=3307 --user=carbon -p -- carbon

   A new one has to have the character set of the old one, for the tables that
   are made later on: latin1 is what most installs have.

4. MARIA: MariaDB db4:3306/carbon, used by MARIA
   On a server that does not have the account yet, make it first, as the
   administrator, with the password that the datasource has, and this machine
   in the place of %:

    CREATE USER 'carbon'@'%' IDENTIFIED BY '...';
    GRANT ALL ON `carbon`.* TO 'carbon'@'%';

   Into a database that is there; the dump drops each table of its own before
   it makes it:

    mariadb --protocol=TCP --host=db4 --port=3306 --user=root -p -e 'CREATE DATABASE IF NOT EXISTS `carbon`'
    @UNPACK@ MARIA.sql.@EXT@ | mariadb --protocol=TCP --host=db4 --port=3306 --user=carbon -p -- carbon

   A new one has to have the character set of the old one, for the tables that
   are made later on: latin1 is what most installs have.

5. ORA: Oracle db5:1522/orcl.example.com, used by ORA
   The dump is on the database server: @ORASTEM@_ORA.dmp
   in the folder of the directory object CARBON_BACKUP; ORA.expdp.txt says
   what is in it. As an administrator, with the schema dropped, or made anew
   and empty:

    impdp SYSTEM@//db5:1522/orcl.example.com DIRECTORY=CARBON_BACKUP DUMPFILE=@ORASTEM@_ORA.dmp SCHEMAS=CARBON TABLE_EXISTS_ACTION=REPLACE


6. ORASID: Oracle db6:1521/ORCL, used by ORASID
   The dump is on the database server: @ORASTEM@_ORASID.dmp
   in the folder of the directory object CARBON_BACKUP; ORASID.expdp.txt says
   what is in it. As an administrator, with the schema dropped, or made anew
   and empty:

    impdp SYSTEM@'(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db6)(PORT=1521))(CONNECT_DATA=(SID=ORCL)))' DIRECTORY=CARBON_BACKUP DUMPFILE=@ORASTEM@_ORASID.dmp SCHEMAS=CARBON TABLE_EXISTS_ACTION=REPLACE


7. MS: Microsoft SQL Server db7:1434/a]b'c, used by MS
   The dump is on the database server. As an administrator, in sqlcmd:

    RESTORE VERIFYONLY FROM DISK = N'D:\it''s\@STEM@-MS.bak' WITH CHECKSUM;
    ALTER DATABASE [a]]b'c] SET SINGLE_USER WITH ROLLBACK IMMEDIATE;
    RESTORE DATABASE [a]]b'c] FROM DISK = N'D:\it''s\@STEM@-MS.bak' WITH REPLACE, CHECKSUM;
    ALTER DATABASE [a]]b'c] SET MULTI_USER;

   On another server, add MOVE for each file that RESTORE FILELISTONLY names.

8. MSI: Microsoft SQL Server db8\CARBON/carbon, used by MSI
   The dump is on the database server. As an administrator, in sqlcmd:

    RESTORE VERIFYONLY FROM DISK = N'D:\it''s\@STEM@-MSI.bak' WITH CHECKSUM;
    ALTER DATABASE [carbon] SET SINGLE_USER WITH ROLLBACK IMMEDIATE;
    RESTORE DATABASE [carbon] FROM DISK = N'D:\it''s\@STEM@-MSI.bak' WITH REPLACE, CHECKSUM;
    ALTER DATABASE [carbon] SET MULTI_USER;

   On another server, add MOVE for each file that RESTORE FILELISTONLY names.

-  LOCAL: H2, /opt/wso2am-1.8.0/repository/database/LOCAL DB. Only with the server stopped.

    @UNPACK@ LOCAL.h2.tar.@EXT@ | tar -C /opt/wso2am-1.8.0/repository/database -xpf -

All of these are of about the same time, not of the same moment: what was
changed during the backup can be in one and not in the other.
END-OF-INSTRUCTIONS
    cd /
}

# rotate removes the oldest whole backups of this home beyond KEEP. It is reached by runs that have a whole backup of their own alone.
rotate() {
    finished | sort -r | grep -Fvx "$STEM" | tail -n +"$KEEP" | while IFS= read -r old; do
        rm -rf -- "$DIRECTORY/.partial-$old"
        mv -- "$DIRECTORY/$old" "$DIRECTORY/.partial-$old" && rm -rf -- "$DIRECTORY/.partial-$old" || say "$DIRECTORY/$old could not be removed"
    done
}

backup() {
    own_script
    [ -d "$CARBON_HOME/repository" ] || fail "there is no Carbon home at $CARBON_HOME"
    prepare_directory
    one_at_a_time
    rm -rf -- "$DIRECTORY/.partial-$PREFIX"-????????T??????Z
    choose_compression
    room
    STEM=$PREFIX-$(date -u +%Y%m%dT%H%M%SZ)
    while [ -e "$DIRECTORY/$STEM" ]; do
        sleep 1
        STEM=$PREFIX-$(date -u +%Y%m%dT%H%M%SZ)
    done
    work=$DIRECTORY/.partial-$STEM
    mkdir -- "$work" || { work=; fail "$DIRECTORY cannot be written, or is full"; }
    printf 'carbon-backup 1\nhome=%s\nhost=%s\nmade=%s\n' "$CARBON_HOME" "$HOST" "${STEM##*-}" >"$work/INFO" || fail "$DIRECTORY is full"
    postgresql PG db1,db2 5432,5433 'it'\''s $a' verify-full /etc/ssl/db.pem
    mysql MY db3 3307 carbon verify mysqldump mariadb-dump
    mysql MARIA db4 3306 carbon '' mariadb-dump mysqldump
    oracle ORA //db5:1522/orcl.example.com CARBON CARBON_BACKUP 'Oracle db5:1522/orcl.example.com'
    oracle ORASID '(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db6)(PORT=1521))(CONNECT_DATA=(SID=ORCL)))' CARBON CARBON_BACKUP 'Oracle db6:1521/ORCL'
    sqlserver MS tcp:db7,1434 -C 'BACKUP DATABASE [a]]b'\''c] TO DISK = N'\''D:\it'\'''\''s\' ''\'' WITH COPY_ONLY, CHECKSUM' 'Microsoft SQL Server db7:1434/a]b'\''c'
    sqlserver MSI 'db8\CARBON' '' 'BACKUP DATABASE [carbon] TO DISK = N'\''D:\it'\'''\''s\' ''\'' WITH COPY_ONLY, CHECKSUM' 'Microsoft SQL Server db8\CARBON/carbon'
    h2_files LOCAL '/opt/wso2am-1.8.0/repository/database/LOCAL DB'
    state
    instructions || fail "$DIRECTORY is full"
    rm -f -- "$work"/.said "$work"/.state "$work"/.squeezed "$work"/.full "$work"/.links "$work"/.found "$work"/.away
    (cd "$work" && sums -- *) >"$work/.manifest" || fail "the sums could not be made, or $DIRECTORY is full"
    mv -- "$work/.manifest" "$work/MANIFEST"
    sync -- "$work"/* 2>/dev/null || sync
    mv -- "$work" "$DIRECTORY/$STEM" || fail "$DIRECTORY/$STEM cannot be put in its place"
    work=
    rotate
    echo "carbon-backup: made $DIRECTORY/$STEM ($(du -sk -- "$DIRECTORY/$STEM" | awk '{ print $1 }') KB; $(finished | wc -l | tr -d ' ') kept)"
}

check() {
    cd -- "$1" 2>/dev/null || fail "$1 is no folder that can be read"
    grep -qx 'carbon-backup 1' INFO 2>/dev/null && [ -f MANIFEST ] || fail "$1 is no backup, or one that was never finished"
    bad=$(sums -c MANIFEST 2>&1 | grep -v ': OK$' | head -n 3 | tr '\n' ' ') || :
    [ -z "$bad" ] || fail "$1 is damaged: $bad"
    for f in *; do
        case $f in
        *.gz | *.zst)
            case $f in *.zst) command -v zstd >/dev/null 2>&1 || fail "zstd is not installed, without which $1/$f cannot be read" ;; esac
            unsqueeze "$f" >/dev/null 2>&1 || fail "$1/$f cannot be unpacked"
            ;;
        *.pgdump) ! command -v pg_restore >/dev/null 2>&1 || pg_restore --list "$f" >/dev/null 2>&1 || fail "$1/$f cannot be read by pg_restore" ;;
        esac
    done
    echo "carbon-backup: $1 is whole"
}

set_password() {
    case $1 in
    PG) kind=pgpass user=carbon_backup ;;
    MY) kind=cnf user=carbon_backup ;;
    MARIA) kind=cnf user=carbon_backup ;;
    ORA) kind=par user=carbon_backup ;;
    ORASID) kind=par user=carbon_backup ;;
    MS) kind=sqlcmd user=carbon_backup ;;
    MSI) kind=sqlcmd user=carbon_backup ;;
    *) fail "$1 is no database of this script. Its databases: PG MY MARIA ORA ORASID MS MSI" ;;
    esac
    [ -d "$CREDENTIALS" ] || mkdir -p -- "$CREDENTIALS" || fail "$CREDENTIALS cannot be made"
    rights "$CREDENTIALS/." && case $MODE in
    d???------*) ;;
    *) fail "$CREDENTIALS can be read by others ($MODE): chmod 700 it" ;;
    esac
    if [ -t 0 ]; then
        printf 'Password of %s for %s: ' "$DUMP_USER" "$1" >&2
        echo_off=yes
        stty -echo
        IFS= read -r password || :
        stty echo
        echo_off=
        echo >&2
    else
        IFS= read -r password || :
    fi
    [ -n "$password" ] || fail "there was no password; nothing is changed"
    file=$CREDENTIALS/$1.$kind
    new=$CREDENTIALS/.$1.$kind.$$
    rm -f -- "$new"
    case $kind in
    pgpass) printf '*:*:*:*:%s\n' "$(printf '%s' "$password" | sed 's/[\\:]/\\&/g')" ;;
    cnf)
        printf '[client]\npassword="%s"\n' "$(printf '%s' "$password" | sed 's/[\\"]/\\&/g')"
        [ ! -f "$file" ] || sed -e '/^[[:space:]]*password/d' -e '/^\[client\]/d' "$file"
        ;;
    par)
        case $password in *\"*) fail "a password of Oracle cannot have a double quote" ;; esac
        printf 'USERID=%s/"%s"\n' "$user" "$password"
        ;;
    sqlcmd) printf 'SQLCMDPASSWORD=%s\n' "$password" ;;
    esac >"$new"
    mv -f -- "$new" "$file"
    say "$file is written, for user number $(id -u) alone"
}

case ${1:-} in
'') backup ;;
--check) [ $# = 2 ] || fail "which folder?"; check "$2" ;;
--set-password) [ $# = 2 ] || fail "which database?"; set_password "$2" ;;
*)
    told=yes
    sed -n '/^#   carbon-backup.sh/s/^#  *//p' "$0" >&2
    exit 2
    ;;
esac
