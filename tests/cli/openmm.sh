# A small peptide with real physics: the loop, reproducible and resumable.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"
"$DDMD" info | grep -q "amber99sbildn.xml is found" || skip "amber99sbildn.xml is not installed"
"$DDMD" info | grep -A1 '^  openmm' | grep -q CPU || skip "OpenMM with its CPU platform is not there"

cat >ala.yaml <<'YAML'
campaign: ala
system:
  sequence: ACE-AAAAA-NME
  reference: helix
  hydrogen_mass_amu: 3
simulation:
  engine: openmm
  platform: CPU
  replicas: 3
  workers: 2
  timestep_fs: 4
  report_interval_ps: 0.2
  segment_ns: 0.004
model:
  latent_dim: 2
  filters: 4
  dense_width: 16
  epochs: 2
  threads: 1
selection:
  min_samples: 3
stop:
  rounds: 2
YAML
expect 0 check ala.yaml
says out "openmm"
expect 0 run ala.yaml --run-dir a --quiet
expect 0 run ala.yaml --run-dir b --quiet
$PYTHON "$here/compare.py" a b || fail "two runs differ"

"$DDMD" run ala.yaml --run-dir c --quiet >out 2>err &
pid=$!
for _ in $(seq 200); do [ -d c ] && break; sleep 0.05; done
sleep 1
kill -KILL $pid
wait $pid 2>/dev/null
expect 0 resume c --quiet
$PYTHON "$here/compare.py" a c || fail "a killed and resumed run differs"

# A System that was serialized by somebody else's Python.
$PYTHON -c 'import openmm' 2>/dev/null || { echo "note: no openmm module"; finish; }
expect 0 peptide ACE-AAAAA-NME -o ala.pdb
$PYTHON - <<'PY' || fail "OpenMM's Python"
from openmm import XmlSerializer, app
pdb = app.PDBFile("ala.pdb")
field = app.ForceField("amber99sbildn.xml", "amber99_obc.xml")
system = field.createSystem(pdb.topology, constraints=app.HBonds)
open("system.xml", "w").write(XmlSerializer.serialize(system))
PY
sed 's/  sequence: ACE-AAAAA-NME/  pdb: ala.pdb\n  openmm_system: system.xml/; s/reference: helix/reference: ala.pdb/; s/  hydrogen_mass_amu: 3//; s/timestep_fs: 4/timestep_fs: 2/' \
    ala.yaml >xml.yaml
expect 0 run xml.yaml --run-dir x --quiet --set stop.rounds=1

# The run directory holds its inputs: it can be moved, and they can go.
mv x moved && rm ala.pdb system.xml xml.yaml
expect 0 resume moved --quiet --set stop.rounds=2
mv moved again
expect 0 resume again --quiet --set stop.rounds=3
finish
