#!/bin/sh
# /etc/init.d/wso2am-1.8.0, for machines without systemd
# chkconfig: 345 90 10
# description: Carbon server wso2am-1.8.0
### BEGIN INIT INFO
# Provides:          wso2am-1.8.0
# Required-Start:    $local_fs $remote_fs $network
# Required-Stop:     $local_fs $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Carbon server wso2am-1.8.0
# Description:       Carbon server wso2am-1.8.0, with the password of its vault
### END INIT INFO

NAME=wso2am-1.8.0
CARBON_HOME=/opt/wso2am-1.8.0
JAVA_HOME=/opt/jdk1.7.0_80
RUN_AS=carbon
# A file that only root can read, with the password in its first line. Empty: the server needs no password.
PASSWORD_FILE=/etc/carbon/wso2am-1.8.0.password
# A folder in memory. Old systems without it have /var/run, on disk.
RUN_DIR=/run
START_SECONDS=60
STOP_SECONDS=180

PATH=/sbin:/usr/sbin:/bin:/usr/bin
[ -d "$RUN_DIR" ] || RUN_DIR=/var/run
VAULT_DIR=$RUN_DIR/carbon-vault
VAULT_FILE=$VAULT_DIR/$NAME
export PATH CARBON_HOME JAVA_HOME VAULT_FILE

say() { printf '%s: %s\n' "$NAME" "$*"; }

# as_user runs a command line as the user of the server. su hands the environment on, so the line needs no paths in it.
as_user() {
    if [ "$(id -un)" = "$RUN_AS" ]; then
        /bin/sh -c "$1"
    else
        su -s /bin/sh "$RUN_AS" -c "$1"
    fi
}

# is_server tells whether a process is the server of this home.
is_server() {
    if [ -r "/proc/$1/cmdline" ]; then
        words=$(tr '\000' '\n' 2>/dev/null <"/proc/$1/cmdline")
        case $words in
        *org.wso2.carbon.bootstrap.Bootstrap*) ;;
        *) return 1 ;;
        esac
        home=$(printf '%s\n' "$words" | sed -n 's/^-Dcarbon\.home=//p' | sed -n '$p')
        [ -n "$home" ] || return 1
        [ "$home" = "$CARBON_HOME" ] || { home=$(cd "$home" 2>/dev/null && pwd -P) && [ "$home" = "$CARBON_HOME" ]; }
    else
        ps -p "$1" -o args= 2>/dev/null | grep -F -e "-Dcarbon.home=$CARBON_HOME " >/dev/null
    fi
}

# find_server sets PID. The server writes its number with NULs behind it and leaves the file when it ends; before it has written it, /proc tells.
find_server() {
    PID=
    if [ -r "$CARBON_HOME/wso2carbon.pid" ]; then
        PID=$(sed -n '1s/^[^0-9]*\([0-9][0-9]*\).*/\1/p' "$CARBON_HOME/wso2carbon.pid" | tr -dc 0-9)
        [ -n "$PID" ] && is_server "$PID" && return 0
    fi
    for dir in $(grep -lsF -e org.wso2.carbon.bootstrap.Bootstrap /proc/[0-9]*/cmdline); do
        PID=${dir#/proc/}
        PID=${PID%/cmdline}
        [ "$PID" != "$$" ] && is_server "$PID" && return 0
    done
    PID=
    return 1
}

# give_password copies the password into memory for the user of the server alone, without blanks at its end. The server reads password-persist at
# every start and when it restarts itself; here that is a link, which takes the place of a file of that name.
give_password() {
    [ -n "$PASSWORD_FILE" ] || return 0
    if ! [ -r "$PASSWORD_FILE" ]; then
        say "$PASSWORD_FILE cannot be read. Without the password the server would wait for ever. Not started."
        return 1
    fi
    (
        set -C
        umask 066
        mkdir -p "$VAULT_DIR" && rm -f "$VAULT_FILE" || exit 1
        umask 077
        LC_ALL=C sed 's/[[:space:]]*$//;q' "$PASSWORD_FILE" >"$VAULT_FILE" || exit 1
        LC_ALL=C grep . "$VAULT_FILE" >/dev/null || { say "$PASSWORD_FILE has no password in its first line."; exit 1; }
        [ "$(id -un)" = "$RUN_AS" ] || chown -- "$RUN_AS" "$VAULT_FILE"
    ) && as_user 'ln -sfn "$VAULT_FILE" "$CARBON_HOME/password-persist"' && return 0
    take_password
    say "The password could not be handed over. Not started."
    return 1
}

take_password() { [ -z "$PASSWORD_FILE" ] || rm -f "$VAULT_FILE"; }

start() {
    if find_server; then
        say "already running, process $PID"
        return 0
    fi
    give_password || return 1
    ulimit -n 65536 2>/dev/null
    # Not "wso2server.sh start": that breaks at a blank in the home, and does nothing when another process has the number of the last run.
    as_user 'cd "$CARBON_HOME" && nohup /bin/sh "$CARBON_HOME/bin/wso2server.sh" </dev/null >/dev/null 2>&1 &'
    n=0
    while [ "$n" -lt "$START_SECONDS" ]; do
        sleep 1
        if find_server; then
            say "started, process $PID; see repository/logs/wso2carbon.log"
            return 0
        fi
        n=$((n + 1))
    done
    say "No server after $START_SECONDS seconds. Run bin/wso2server.sh in a terminal as $RUN_AS to see why."
    return 1
}

stop() {
    if ! find_server; then
        take_password
        say "not running"
        return 0
    fi
    kill -TERM "$PID" || return 1
    n=0
    while is_server "$PID"; do
        if [ "$n" -ge "$STOP_SECONDS" ]; then
            say "process $PID still runs after $STOP_SECONDS seconds; it is left alone"
            return 1
        fi
        sleep 1
        n=$((n + 1))
    done
    take_password
    say "stopped"
}

case $1 in
start) start ;;
stop) stop ;;
restart | force-reload) stop && start ;;
status)
    if find_server; then
        say "running, process $PID"
    else
        say "not running"
        exit 3
    fi
    ;;
*)
    echo "Usage: $0 {start|stop|restart|status}" >&2
    exit 2
    ;;
esac
