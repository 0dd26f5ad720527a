# What the cli tests share: source it first. Works in a scratch directory that is removed at the end.
set -u
: "${DDMD:?the path of the ddmd binary}"
PYTHON=/usr/bin/python3
here=$DDMD_SOURCE_DIR/tests/cli
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ddmd-cli-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

ddmd() { "$DDMD" "$@"; }

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
    [ -s out ] && sed 's/^/  out| /' out | head -20
    [ -s err ] && sed 's/^/  err| /' err | head -20
    return 0
}

# expect STATUS COMMAND...: run ddmd, output to the files out and err, compare the exit status.
expect() {
    local wanted=$1 got
    shift
    "$DDMD" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || fail "ddmd $* ended with status $got, not $wanted"
}

# says FILE TEXT: the file holds the text (fixed string).
says() { grep -qF -- "$2" "$1" || fail "no '$2' in $1"; }
says_not() { if grep -qF -- "$2" "$1"; then fail "'$2' in $1"; fi; }

skip() { printf 'skipped: %s\n' "$*"; exit 77; }

finish() {
    [ "$failures" -eq 0 ] && { echo "ok"; exit 0; }
    echo "$failures failures"
    exit 1
}

# A small campaign of a bead chain that ends after three rounds.
write_toy() {
    cat >"$1" <<'YAML'
campaign: toy
seed: 7
system:
  bead_chain: 12
  reference: helix
simulation:
  replicas: 6
  workers: 2
  timestep_fs: 10
  report_interval_ps: 1
  segment_ns: 0.02
model:
  latent_dim: [2, 3]
  filters: 4
  dense_width: 16
  batch_size: 16
  epochs: 3
  threads: 1
selection:
  min_samples: 3
stop:
  rounds: 3
YAML
}
