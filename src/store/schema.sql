-- The catalogue of one campaign: everything but frames, which are in frames-*.h5.
--
-- Lengths are nm, energies kJ/mol, times seconds unless the name says otherwise. A frame is
-- (simulation, frame), frames counted from 0. A number that was not computed is NULL.
--
-- PRAGMA user_version is the version of this schema; it is raised with every change.

CREATE TABLE meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    campaign TEXT NOT NULL,
    mode     TEXT NOT NULL,
    seed     TEXT NOT NULL CHECK (seed <> '' AND seed NOT GLOB '*[^0-9]*'), -- up to 2^64 - 1
    created  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- One continuous trajectory of one replica from one start.
CREATE TABLE simulation (
    id                 INTEGER PRIMARY KEY CHECK (id >= 0),
    replica            INTEGER NOT NULL CHECK (replica >= 0),
    file               INTEGER NOT NULL CHECK (file >= 0),   -- its frames are in frames-FILE.h5
    round              INTEGER NOT NULL CHECK (round >= 0),  -- that started it
    parent_simulation  INTEGER REFERENCES simulation (id)    -- NULL: a start structure, and
        DEFERRABLE INITIALLY DEFERRED,
    parent_frame       INTEGER NOT NULL,                     -- this is its number
    velocities_kept    INTEGER NOT NULL CHECK (velocities_kept IN (0, 1)),
    temperature_kelvin REAL,
    engine             TEXT NOT NULL,
    n_frames           INTEGER NOT NULL CHECK (n_frames >= 0),
    n_steps            INTEGER NOT NULL CHECK (n_steps >= 0),
    state              TEXT NOT NULL
        CHECK (state IN ('running', 'replaced', 'failed', 'culled', 'finished')),
    reason             TEXT NOT NULL DEFAULT '',             -- of a failure
    started            TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ended              TEXT
) STRICT;
CREATE INDEX simulation_by_parent ON simulation (parent_simulation, parent_frame);
CREATE INDEX simulation_by_state ON simulation (state, replica);

CREATE TABLE model (
    entry                     INTEGER PRIMARY KEY,
    version                   INTEGER NOT NULL CHECK (version >= 1),
    round                     INTEGER NOT NULL CHECK (round >= 0),
    latent_dim                INTEGER NOT NULL CHECK (latent_dim >= 1),
    n_samples                 INTEGER NOT NULL CHECK (n_samples >= 0), -- frames, and
    n_maps                    INTEGER NOT NULL CHECK (n_maps >= 0),    -- distinct maps of them
    epochs                    INTEGER NOT NULL CHECK (epochs >= 0),
    train_loss                REAL, -- reconstruction + KL divergence, nats a contact map
    validation_loss           REAL,
    train_reconstruction      REAL,
    validation_reconstruction REAL,
    kept                      INTEGER NOT NULL CHECK (kept IN (0, 1)), -- 0: tried, not chosen
    seconds                   REAL,
    file                      TEXT NOT NULL -- relative to the run directory
) STRICT;
CREATE UNIQUE INDEX model_by_version ON model (version) WHERE kept = 1;

-- A model looked at with new frames, to see whether it has to be trained on: in mode sequential
-- once a round, in mode streaming whenever enough have come, the ranking under way being `round`.
CREATE TABLE model_check (
    entry                    INTEGER PRIMARY KEY,
    round                    INTEGER NOT NULL CHECK (round >= 0),
    version                  INTEGER NOT NULL CHECK (version >= 1),
    n_frames                 INTEGER NOT NULL CHECK (n_frames >= 0),
    n_maps                   INTEGER NOT NULL CHECK (n_maps >= 0), -- distinct ones
    reconstruction           REAL, -- of the new frames, nats a contact map
    reference_reconstruction REAL, -- of maps held out when the model was trained
    trained                  INTEGER NOT NULL CHECK (trained IN (0, 1)) -- 0: the weights stayed
) STRICT;

-- One iteration of selecting restart points.
CREATE TABLE round (
    round         INTEGER PRIMARY KEY CHECK (round >= 0),
    strategy      TEXT NOT NULL,
    model_version INTEGER,          -- NULL: no model took part
    n_candidates  INTEGER NOT NULL CHECK (n_candidates >= 0),
    eps           REAL,             -- of DBSCAN; NULL: not used
    n_outliers    INTEGER NOT NULL CHECK (n_outliers >= 0),
    n_clusters    INTEGER NOT NULL CHECK (n_clusters >= 0),
    n_points      INTEGER NOT NULL CHECK (n_points >= 0),   -- restart points given
    n_restarts    INTEGER NOT NULL CHECK (n_restarts >= 0), -- replicas restarted from them
    best_rmsd_nm  REAL,             -- of the round's new frames
    mean_rmsd_nm  REAL,
    seconds       REAL,
    decision_median_s REAL,         -- from a frame's creation to its place in the ranking
    decision_p95_s    REAL
) STRICT;

-- A frame to restart from; rank 0 is the best of its round.
CREATE TABLE restart_point (
    round      INTEGER NOT NULL CHECK (round >= 0),
    rank       INTEGER NOT NULL CHECK (rank >= 0),
    simulation INTEGER NOT NULL REFERENCES simulation (id) DEFERRABLE INITIALLY DEFERRED,
    frame      INTEGER NOT NULL CHECK (frame >= 0),
    score      REAL,
    lof        REAL,    -- local outlier factor
    rmsd_nm    REAL,
    cluster    INTEGER NOT NULL,
    used_by    INTEGER REFERENCES simulation (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (round, rank)
) STRICT, WITHOUT ROWID;

-- What each part was doing, in seconds since the campaign began.
CREATE TABLE activity (
    entry    INTEGER PRIMARY KEY,
    role     TEXT NOT NULL,
    part     INTEGER NOT NULL,
    activity TEXT NOT NULL,
    round    INTEGER NOT NULL CHECK (round >= 0),
    from_s   REAL NOT NULL,
    to_s     REAL NOT NULL CHECK (to_s >= from_s)
) STRICT;
CREATE INDEX activity_by_role ON activity (role, activity, from_s, to_s);

CREATE TABLE event (
    entry      INTEGER PRIMARY KEY,
    at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    level      TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    simulation INTEGER, -- NULL: of the campaign
    message    TEXT NOT NULL
) STRICT;

-- Start points from which simulations blew up; parent_simulation -1 is a start structure.
CREATE TABLE start_failure (
    parent_simulation INTEGER NOT NULL,
    parent_frame      INTEGER NOT NULL,
    failures          INTEGER NOT NULL CHECK (failures >= 1),
    PRIMARY KEY (parent_simulation, parent_frame)
) STRICT, WITHOUT ROWID;

-- How far the campaign has come.
CREATE TABLE progress (
    only_row        INTEGER PRIMARY KEY CHECK (only_row = 1),
    state           TEXT NOT NULL CHECK (state IN ('running', 'finished', 'stopped', 'failed')),
    reason          TEXT NOT NULL,
    round           INTEGER NOT NULL CHECK (round >= 0), -- under way, from 1
    phase           TEXT NOT NULL CHECK (phase IN ('simulate', 'train', 'infer', 'decide')),
    next_simulation INTEGER NOT NULL CHECK (next_simulation >= 0),
    model_version   INTEGER NOT NULL CHECK (model_version >= 0), -- newest; 0: none yet
    n_frames        INTEGER NOT NULL CHECK (n_frames >= 0),      -- durable ones
    round_frame     INTEGER NOT NULL CHECK (round_frame >= 0),   -- frames before this round
    elapsed_s       REAL NOT NULL,                               -- over all sittings
    best_rmsd_nm    REAL,
    best_simulation INTEGER,
    best_frame      INTEGER
) STRICT;
INSERT INTO progress VALUES (1, 'running', '', 1, 'simulate', 0, 0, 0, 0, 0.0, NULL, NULL, NULL);

-- ---- views ---------------------------------------------------------------------------------

-- The frame nearest to the reference, and the simulation that it is in.
CREATE VIEW best AS
SELECT p.best_rmsd_nm * 10.0 AS rmsd_angstrom, p.best_simulation AS simulation,
       p.best_frame AS frame, s.round, s.replica, s.parent_simulation, s.parent_frame, s.engine
FROM progress AS p LEFT JOIN simulation AS s ON s.id = p.best_simulation;

-- The way to every simulation, backwards: it grew out of `ancestor`, which was followed up to and
-- including until_frame. generation 0 is the simulation itself. The last line of each way has
-- parent_simulation NULL and names the start structure in parent_frame.
CREATE VIEW lineage AS
WITH RECURSIVE way (simulation, generation, ancestor, until_frame) AS (
    SELECT id, 0, id, n_frames - 1 FROM simulation
    UNION ALL
    SELECT w.simulation, w.generation + 1, s.parent_simulation, s.parent_frame
    FROM way AS w JOIN simulation AS s ON s.id = w.ancestor
    WHERE s.parent_simulation IS NOT NULL AND s.parent_simulation < s.id
)
SELECT w.simulation, w.generation, w.ancestor, w.until_frame, s.parent_simulation, s.parent_frame
FROM way AS w JOIN simulation AS s ON s.id = w.ancestor;

-- The frame files, each with what the catalogue knows of it.
CREATE VIEW frame_file AS
SELECT file, 'frames-' || file || '.h5' AS name, count(*) AS simulations,
       sum(n_frames) AS n_frames
FROM simulation GROUP BY file;

-- Every model that is in use or was, newest first.
CREATE VIEW training AS
SELECT version, round, latent_dim, n_samples, n_maps, epochs, train_loss, validation_loss,
       validation_reconstruction, seconds, file
FROM model WHERE kept = 1 ORDER BY version DESC;

-- Restart points that were used, with what came of them.
CREATE VIEW restart AS
SELECT r.round, r.rank, r.simulation, r.frame, r.rmsd_nm * 10.0 AS rmsd_angstrom, r.lof,
       r.used_by, s.state, s.n_frames
FROM restart_point AS r JOIN simulation AS s ON s.id = r.used_by;

-- Simulations that blew up.
CREATE VIEW failure AS
SELECT id, round, replica, engine, parent_simulation, parent_frame, n_frames, reason
FROM simulation WHERE state = 'failed';

-- Where the time went.
CREATE VIEW time_use AS
SELECT role, activity, sum(to_s - from_s) AS seconds,
       100.0 * sum(to_s - from_s) / sum(sum(to_s - from_s)) OVER (PARTITION BY role) AS percent
FROM activity GROUP BY role, activity;
