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

# A start that explodes: its simulations fail with a reason, the others go on; where every start
# explodes, the campaign ends and says so.
write_toy toy.yaml
expect 0 run toy.yaml --run-dir model --quiet --set stop.rounds=1
awk '/ CA  BEA A   2 /{line=$0} / CA  BEA A   1 /{first=substr($0,31,24)}
     {if (substr($0,18,9) == "BEA A   2") $0 = substr($0,1,30) first substr($0,55); print}' \
    model/topology.pdb >exploding.pdb
expect 0 run toy.yaml --run-dir both --quiet --set "system.start=[model/topology.pdb, exploding.pdb]" \
    --set system.minimize_iterations=0
expect 0 status both --json
$PYTHON -c '
import json
s = json.load(open("out"))
assert s["simulations"]["failed"] == 3, s["simulations"]
assert s["frames"] == 3 * 20 + 2 * 6 * 20, s["frames"]
' || fail "three of six replicas start from an exploding structure"
expect 1 run toy.yaml --run-dir none --quiet --set system.start=exploding.pdb \
    --set system.minimize_iterations=0
says err "blown up 3 times"
expect 0 status none
says out "failed"

if [ -w /dev/full ]; then
    "$DDMD" info >/dev/full 2>err && fail "a full standard output went unnoticed"
fi
finish
