"""Compare two run directories bit for bit: frames, weights, embeddings, decisions.

Times, paths and names of machines are left out. Exit status 1 and a message where they differ.
"""
import os
import sqlite3
import subprocess
import sys

DECISIONS = {
    "simulation": "id, replica, round, parent_simulation, parent_frame, velocities_kept,"
                  " temperature_kelvin, n_frames, n_steps, state, reason",
    "restart_point": "round, rank, simulation, frame, score, lof, rmsd_nm, cluster, used_by",
    "round": "round, strategy, model_version, n_candidates, eps, n_outliers, n_clusters,"
             " n_points, n_restarts, best_rmsd_nm, mean_rmsd_nm",
    "model": "version, round, latent_dim, n_samples, n_maps, epochs, train_loss, validation_loss,"
             " train_reconstruction, validation_reconstruction, kept, file",
}


def rows(run, table, columns):
    with sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True) as db:
        return sorted(map(repr, db.execute(f"SELECT {columns} FROM {table}")))


def main(a, b):
    for table, columns in DECISIONS.items():
        for x, y in zip(rows(a, table, columns), rows(b, table, columns)):
            if x != y:
                sys.exit(f"{table} differs:\n  {x}\n  {y}")
        if len(rows(a, table, columns)) != len(rows(b, table, columns)):
            sys.exit(f"{table} has other numbers of rows")
    files = ["frames-0.h5", "starts.h5"]
    files += sorted("models/" + f for f in os.listdir(f"{a}/models"))
    if sorted(os.listdir(f"{a}/models")) != sorted(os.listdir(f"{b}/models")):
        sys.exit("models/ holds other files")
    for f in files:
        result = subprocess.run(["h5diff", "--exclude-attribute", "/h5md/author/name",
                                 f"{a}/{f}", f"{b}/{f}"], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{f} differs:\n{result.stdout}{result.stderr}")
    print(f"{a} and {b} are the same, bit for bit")


main(*sys.argv[1:3])
