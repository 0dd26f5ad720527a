# No leak and no invalid access of the commands, good and bad input alike. The sanitizers watch the
# whole suite; this watches the binary as it is shipped.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip "valgrind is not installed"
if nm "$DDMD" | grep -qE '__(asan|tsan)_init'; then skip "the binary has a sanitizer in it"; fi
export ONEDNN_MAX_CPU_ISA=AVX2 # valgrind does not know the code that oneDNN writes for AVX-512

# watch STATUS COMMAND...: as expect, under valgrind.
watch() {
    local wanted=$1 got
    shift
    valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --suppressions="$here/valgrind.supp" --error-exitcode=99 "$DDMD" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || fail "ddmd $* under valgrind ended with status $got, not $wanted"
}

cat >small.yaml <<'YAML'
campaign: small
system: {bead_chain: 12, reference: helix}
simulation: {replicas: 3, workers: 2, timestep_fs: 10, report_interval_ps: 1, segment_ns: 0.005}
model: {latent_dim: 2, filters: 2, dense_width: 8, batch_size: 8, epochs: 1, threads: 1}
selection: {min_samples: 3}
stop: {rounds: 2}
YAML
watch 0 run small.yaml --run-dir run --quiet
watch 0 resume run --set stop.rounds=3 --quiet
watch 0 status run --json
watch 0 export run -o all.dcd --align
watch 0 export run -o best.pdb --frame best
watch 0 init
watch 2 init
watch 2 run small.yaml --run-dir run
watch 2 run no-such.yaml
watch 2 check small.yaml --set simulation.replicas=-1 --set system.start=no.pdb
sed 's/replicas/replcas/; s/epochs: 1/epochs: many/' small.yaml >wrong.yaml
watch 2 check wrong.yaml
watch 0 peptide ACE-AWRP-NME -o p.pdb
watch 2 peptide ACE-AXA-NME -o x.pdb
if "$DDMD" info | grep -q "amber99sbildn.xml is found"; then
    watch 0 energy p.pdb --json
    head -c 700 p.pdb >cut.pdb
    watch 2 energy cut.pdb
    grep -v ' HA  TRP' p.pdb >missing.pdb
    watch 2 energy missing.pdb
fi
finish
