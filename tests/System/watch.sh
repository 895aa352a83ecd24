# Runs a program for as long as it makes progress, whatever the machine's speed: it is ended for its silence, not for its time.
# An outer limit holds for one that talks without end. Sourced by the scripts that start machines, Wine, or whole steps.

watched_pid=
watched_exit=

# Ended, this script ends what it watches, too; and what its own trap of EXIT does is done. Not within a read: a trap that leaves
# bash's read by exit ends in a damaged stack ("stack smashing detected", bash 5.2), so watched looks for itself.
watched_interrupt() {
    watched_exit=$1
    [ -n "$watched_pid" ] || exit "$1"
}

# watched_traps: what a script, or a subshell of one, that uses this says first.
watched_traps() {
    trap 'watched_interrupt 129' HUP
    trap 'watched_interrupt 130' INT
    trap 'watched_interrupt 143' TERM
}

# watched SILENCE LIMIT SHOW COMMAND...: runs a command, or a function, in a process group of its own, without input, and hands
# each line that it prints to the function SHOW. After SILENCE seconds without output, or LIMIT seconds in all, it is ended with
# all that it started. Two functions of the script look at it, where there are such: watched_look at one that has been silent for 20
# seconds, and each 20 seconds from then on; what it prints is why it is ended at once. watched_late before it is ended. Returns its exit code; 124 where it was ended, and watched_why says why. watched_last is its last line.
watched() {
    local silence=$1 limit=$2 show=$3 start=$SECONDS heard=$SECONDS looked=$SECONDS pipe line= part status
    shift 3
    watched_why=
    watched_last=
    pipe=$(mktemp -u)
    mkfifo "$pipe"
    # Job control gives it the process group. What it opens first is the pipe, which waits for the reader below.
    set -m
    ("$@") </dev/null >"$pipe" 2>&1 &
    watched_pid=$!
    set +m
    exec {watched_from}<"$pipe"
    rm -f "$pipe"
    while [ -z "$watched_why" ]; do
        status=0
        IFS= read -r -t 1 -u "$watched_from" part || status=$?
        [ -z "$part" ] || heard=$SECONDS
        line+=$part
        if [ $status = 0 ]; then
            heard=$SECONDS
            watched_show
        elif [ $status -le 128 ] || ! kill -0 "$watched_pid" 2>/dev/null; then
            # The end of its output, or of itself where something that it left behind holds the output open.
            break
        fi
        if [ -n "$watched_exit" ]; then
            watched_why="this script is ended"
        elif [ $((SECONDS - start)) -ge "$limit" ]; then
            watched_why="the outer limit of $limit s is reached"
        elif [ $((SECONDS - heard)) -ge "$silence" ]; then
            watched_why="nothing was printed for $silence s"
        elif [ $((SECONDS - (heard > looked ? heard : looked))) -ge 20 ] && declare -F watched_look >/dev/null; then
            watched_why=$(watched_look)
            looked=$SECONDS
        fi
    done
    status=0
    if [ -n "$watched_why" ]; then
        local last=${line:-$watched_last}
        if declare -F watched_late >/dev/null; then watched_late; fi
        watched_end
        # What it said while it was ended is shown, and is not what it said last by itself.
        while IFS= read -r -t 1 -u "$watched_from" part; do
            line+=$part
            watched_show
        done
        line+=$part
        status=124
    else
        wait "$watched_pid" || status=$?
        watched_pid=
    fi
    [ -z "$line" ] || watched_show
    [ -z "$watched_why" ] || watched_last=$last
    exec {watched_from}<&-
    if [ -n "$watched_exit" ]; then
        printf '%s: ended by a signal; the last line of what it ran: %s\n' "${0##*/}" "${watched_last:-none}"
        exit "$watched_exit"
    fi
    return $status
}

# Within watched: a line is whole.
watched_show() {
    line=${line//$'\r'/}
    [[ $line =~ ^[[:space:]]*$ ]] || watched_last=$line
    "$show" "$line"
    line=
}

# watched_end: ends what watched runs, if it runs anything, with all that it started: asked first, then by force.
watched_end() {
    [ -n "$watched_pid" ] || return 0
    local family tries
    family=$(watched_family "$watched_pid")
    kill -TERM -- "-$watched_pid" $family 2>/dev/null || true
    for ((tries = 0; tries < 150; tries++)); do
        watched_lives $family || break
        sleep 0.1
    done
    kill -KILL -- "-$watched_pid" $family 2>/dev/null || true
    wait "$watched_pid" 2>/dev/null || true
    watched_pid=
}

# watched_family PID: it and all its descendants, whose groups may be their own.
watched_family() {
    cat /proc/[0-9]*/status 2>/dev/null | awk -v first="$1" '
        /^Pid:/ { pid = $2 }
        /^PPid:/ { children[$2] = children[$2] " " pid }
        END {
            all = first
            for (count = split(first, queue); at++ < count; ) {
                added = split(children[queue[at]], more)
                for (i = 1; i <= added; i++) { queue[++count] = more[i]; all = all " " more[i] }
            }
            print all
        }'
}

# watched_lives PID...: whether one of them runs; the dead that nobody has asked after do not.
watched_lives() {
    local pid
    for pid in "$@"; do
        case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) in
        '' | Z | X) ;;
        *) return 0 ;;
        esac
    done
    return 1
}
