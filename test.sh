#!/bin/sh
# Set up, build, and run every test: optimised, and with the sanitizers. Arguments go to ctest, for
# example -R unit.config. With CI set, compiler warnings are errors.
set -eu
cd "$(dirname "$0")"
jobs=$(nproc)
failed=

scripts/install-packages build openmm test

# check PRESET CTEST-OPTION...: build all of it, run the tests, remember whether one failed.
check() {
    preset=$1
    shift
    printf '\n== %s ==\n' "$preset"
    cmake --preset "$preset" --log-level=WARNING -DDDMD_WERROR="${CI:+ON}"
    cmake --build --preset "$preset" -j "$jobs"
    ctest --preset "$preset" -j "$jobs" -O "build/$preset/ctest.log" "$@" || failed="$failed $preset"
}

check release -LE faults "$@"
check dev -LE 'physics|faults' "$@"
check tsan -R '^(unit\.(campaign|engine|model|select|stream)|contract|cli\.(threads|streaming))' "$@" # with threads

printf '\n'
for preset in release dev tsan; do
    printf '%s: %s\n' "$preset" "$(grep 'tests passed' "build/$preset/ctest.log" || echo 'no tests')"
done
[ -z "$failed" ]
