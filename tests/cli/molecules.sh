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

# A chain with residues missing is bonded across the gap, and the user is told.
awk 'substr($0, 23, 4) + 0 < 8 || substr($0, 23, 4) + 0 > 12' fs.pdb >gap.pdb
gap="gap.pdb: the peptide bond between ALA 7 and ALA 13 of chain A is "
cat >gap.yaml <<'YAML'
system: {pdb: gap.pdb}
simulation: {engine: ensemble, replicas: 2, workers: 1, report_interval_ps: 0.1, segment_ns: 0.0002}
selection: {strategy: plain}
stop: {rounds: 1}
YAML
for command in "energy gap.pdb" "energy gap.yaml" "check gap.yaml" "run gap.yaml --quiet"; do
    expect 0 $command
    says err "warning: "
    says err "$gap"
    says err "angstrom long: residues are missing (cap the ends or model the gap)"
    [ "$(grep -c warning err)" -eq 1 ] || fail "ddmd $command warns more than once"
done
expect 0 energy gap.pdb --json
says err "$gap"
$PYTHON -m json.tool out >/dev/null || fail "the warning is in the way of the JSON object"
expect 0 energy fs.pdb
says_not err "warning"
# TER ends the chain: nothing is bonded across it, but the ends lack their atoms then.
awk '$6 == 13 && !cut++ { print "TER" } { print }' gap.pdb >cut.pdb
expect 2 energy cut.pdb
says err "residue 7 ALA"
says_not err "warning"

write_toy toy.yaml
expect 0 energy toy.yaml --json
expect 0 check toy.yaml
says out "no mistakes"
says out "12 atoms"
finish
