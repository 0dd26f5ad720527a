# A disk that fills up while a campaign runs; a closed output.
. "$(dirname "$0")/lib.sh"

write_toy toy.yaml
sed -i 's/segment_ns: 0.02/segment_ns: 2/' toy.yaml

# Files cannot grow beyond so many KiB: the frame file meets that first.
(ulimit -f 2000 && exec "$DDMD" run toy.yaml --run-dir limited --quiet) >out 2>err
got=$?
[ $got -eq 1 ] || fail "a file that cannot grow ended with status $got"
says err "limited/frames-0.h5"
expect 0 status limited
says out "failed"
expect 0 resume limited --quiet --set stop.rounds=1

mkdir small
if mount -t tmpfs -o size=6m none small 2>/dev/null; then
    "$DDMD" run toy.yaml --run-dir small/run --quiet >out 2>err
    got=$?
    case $got in
    1) says err "No space left" ;;
    2) says err "are free on that disk" ;;
    *) fail "a full disk ended with status $got" ;;
    esac
    if [ -d small/run ]; then
        mount -o remount,size=200m small
        expect 0 resume small/run --quiet --set stop.rounds=1
    fi
    umount small
fi

if [ -w /dev/full ]; then
    "$DDMD" info >/dev/full 2>err && fail "a full standard output went unnoticed"
fi
finish
