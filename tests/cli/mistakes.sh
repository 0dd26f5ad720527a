# Every mistake is answered with file, line and hint, exit status 2, and nothing is created.
. "$(dirname "$0")/lib.sh"

# try NAME TEXT...: run NAME.yaml, which must be refused with each text and leave nothing behind.
try() {
    local name=$1 text
    shift
    ls -A >before
    expect 2 run "$name.yaml" --run-dir "run-$name"
    ls -A | grep -vxE 'out|err|before|after' >after
    grep -vxE 'out|err|before|after' before | cmp -s - after || fail "$name left something behind"
    for text in "$@"; do says err "$text"; done
    expect 2 check "$name.yaml"
}

write_toy base.yaml
touch out err before

sed 's/replicas: 6/replcas: 6/' base.yaml >unknown-key.yaml
try unknown-key "unknown-key.yaml:7: " "replcas" "replicas"

sed 's/replicas: 6/replicas: many/' base.yaml >wrong-type.yaml
try wrong-type "wrong-type.yaml:7: " "many"

sed 's/replicas: 6/replicas: -1/' base.yaml >negative.yaml
try negative "negative.yaml:7: " "-1"

sed 's/replicas: 6/replicas: -1/; s/seed: 7/sed: 7/; s/epochs: 3/epochs: x/' base.yaml >three.yaml
try three "three.yaml:2: " "three.yaml:7: " "three.yaml:17: " "3 mistakes"

printf 'campaign: [a\nseed: 1\n' >syntax.yaml
try syntax "syntax.yaml:"

expect 2 run no-such.yaml
says err "no-such.yaml: No such file"

expect 2 run base.yaml --set simulation.replicas=-1 --run-dir run-set
says err "--set simulation.replicas=-1"
[ -e run-set ] && fail "--set left a run directory"

# Files that the configuration names.
peptide_config() { # NAME PDB [more lines of system]
    cat >"$1.yaml" <<YAML
system:
  pdb: $2
${3:-}
simulation:
  replicas: 2
  report_interval_ps: 1
  segment_ns: 0.002
stop:
  rounds: 1
YAML
}
if ! "$DDMD" info | grep -q "amber99sbildn.xml is found"; then
    echo "note: amber99sbildn.xml is not installed, the molecules are left out"
    finish
fi
expect 0 peptide ACE-AAAAA-NME -o good.pdb

peptide_config missing-file no-such.pdb
try missing-file "missing-file.yaml:2: " "no-such.pdb" "No such file"

head -c 700 good.pdb >cut.pdb
peptide_config truncated cut.pdb
try truncated "truncated.yaml:2: " "cut.pdb:"

sed 's/ALA A   4/XYZ A   4/' good.pdb >unknown.pdb
peptide_config unknown-residue unknown.pdb
try unknown-residue "unknown-residue.yaml:2: " "XYZ"

grep -v ' HA  ALA A   3' good.pdb >nohydrogen.pdb
peptide_config missing-hydrogen nohydrogen.pdb
try missing-hydrogen "missing-hydrogen.yaml:2: " "ALA" "hydrogen"

peptide_config no-force-field good.pdb "  force_field: [no-such-field.xml]"
try no-force-field "no-force-field.yaml:3: " "no-such-field.xml"

expect 0 peptide ACE-AAAAAA-NME -o longer.pdb
peptide_config other-reference good.pdb "  reference: longer.pdb"
try other-reference "other-reference.yaml:3: " "longer.pdb" "6" "5"

peptide_config bad-selection good.pdb "  reference: good.pdb
features: {contact_map: {atoms: \"nmae CA\"}}"
try bad-selection "bad-selection.yaml:4: "

peptide_config bad-engine good.pdb
sed -i 's/  replicas: 2/  replicas: 2\n  engine: gromacs/' bad-engine.yaml
try bad-engine "bad-engine.yaml:6: " "gromacs"

peptide_config toy-molecule good.pdb
sed -i 's/  replicas: 2/  replicas: 2\n  engine: toy/' toy-molecule.yaml
try toy-molecule "toy-molecule.yaml:6: " "use engine: openmm"

# Run directories.
mkdir there
expect 2 run base.yaml --run-dir there
says err "there exists already"
says err "ddmd resume"
expect 2 resume there
says err "not the directory of a campaign"
expect 2 status there
expect 2 status nowhere

if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 500 locked
    expect 2 run base.yaml --run-dir locked/run
    says err "Permission denied"
    chmod 700 locked
fi
expect 2 run base.yaml --run-dir /proc/run
says err "/proc/run"
expect 2 run base.yaml --run-dir good.pdb/run
says err "Not a directory"

# A disk without room: a small file system where one can be mounted.
mkdir small
if mount -t tmpfs -o size=512k none small 2>/dev/null; then
    expect 2 run base.yaml --run-dir small/run
    says err "MB"
    [ -z "$(ls -A small)" ] || fail "a full disk left $(ls -A small)"
    umount small
fi

# Peptides and energies.
expect 2 peptide ACE-AAZA-NME -o x.pdb
says err "Z"
expect 2 peptide "" -o x.pdb
expect 2 peptide AAA --fold sheet -o x.pdb
[ -e x.pdb ] && fail "a refused peptide was written"
expect 2 energy no-such.pdb
says err "no-such.pdb"
expect 2 energy cut.pdb
expect 2 energy good.pdb --force-field no-such.xml
expect 2 energy good.pdb --engine no-such
finish
