# What other programs make of the files: h5py, MDAnalysis, MDTraj, sqlite.
. "$(dirname "$0")/lib.sh"

write_toy toy.yaml
expect 0 run toy.yaml --run-dir run --quiet
expect 0 export run -o all.dcd
says out "360 frames"
expect 0 export run -o one.dcd --simulation 0 --stride 2
expect 0 export run -o best.pdb --frame best
says out "1 frame of 12 atoms"
expect 0 export run -o some.pdb --simulation 0 --stride 10 --align
expect 2 export run -o none.pdb --frame 999:0
says err "no such frame"
[ -e none.pdb ] && fail "a refused export wrote a file"
expect 2 export run -o none.pdb --frame first
says err "12:40"

$PYTHON -c 'import h5py, MDAnalysis, mdtraj' 2>/dev/null ||
    skip "python3-h5py, python3-mdanalysis and python3-mdtraj are needed"
$PYTHON "$here/formats.py" run || fail "formats.py"
finish
