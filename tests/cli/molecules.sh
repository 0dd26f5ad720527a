# Peptides and single-point energies.
. "$(dirname "$0")/lib.sh"
"$DDMD" info | grep -q "amber99sbildn.xml is found" || skip "amber99sbildn.xml is not installed"

expect 0 peptide ACE-AAAAAAAARAAAARAAAARA-NME --fold helix -o fs.pdb
says out "22 residues, 254 atoms"
expect 0 energy fs.pdb --force-field amber99sbildn.xml,amber99_obc.xml --json
cp out reference.json
$PYTHON -c '
import json, math
e = json.load(open("reference.json"))
assert e["atoms"] == 254
assert set(e["terms"]) == {"bond", "angle", "torsion", "nonbonded", "gbsa"}
assert math.isclose(e["total_kj_per_mol"], sum(e["terms"].values()), rel_tol=1e-12)
assert e["terms"]["gbsa"] < 0
' || fail "energy --json"
expect 0 energy fs.pdb
says out "total"
expect 0 energy fs.pdb --force-field amber99sbildn.xml --json
$PYTHON -c 'import json; assert json.load(open("out"))["terms"]["gbsa"] == 0' || fail "vacuum"

expect 0 energy fs.pdb --forces forces.txt --json
[ "$(wc -l <forces.txt)" -eq 254 ] || fail "forces of 254 atoms"

if "$DDMD" info | grep -A1 '^  openmm' | grep -q Reference; then
    expect 0 energy fs.pdb --engine openmm --platform Reference --json
    $PYTHON -c '
import json, math
a, b = json.load(open("reference.json")), json.load(open("out"))
assert math.isclose(a["total_kj_per_mol"], b["total_kj_per_mol"], rel_tol=1e-8), (a, b)
for term in a["terms"]:
    assert math.isclose(a["terms"][term], b["terms"][term], rel_tol=1e-8), term
' || fail "OpenMM and the reference differ"
fi

write_toy toy.yaml
expect 0 energy toy.yaml --json
expect 0 check toy.yaml
says out "no mistakes"
says out "12 atoms"
finish
