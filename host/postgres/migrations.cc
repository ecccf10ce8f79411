// SPDX-License-Identifier: Apache-2.0
//
// The steps themselves. Step 1 makes the tables of Semantic Explorer where they are missing, in the
// shape that its own migrations give them; the others add what the worker keeps for itself.
#include "host/postgres/migrate.h"
#include "host/postgres/migration_steps.h"

namespace dsw {
namespace {

constexpr char kSemanticExplorer[] = R"sql(
CREATE TABLE IF NOT EXISTS datasets (
  dataset_id         serial PRIMARY KEY,
  title              text NOT NULL,
  details            text,
  owner_id           text NOT NULL,
  owner_display_name text NOT NULL,
  tags               text[] NOT NULL DEFAULT '{}',
  is_public          boolean NOT NULL DEFAULT false,
  item_count         integer NOT NULL DEFAULT 0,
  total_chunks       bigint NOT NULL DEFAULT 0,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS dataset_items (
  item_id    serial PRIMARY KEY,
  dataset_id integer NOT NULL REFERENCES datasets (dataset_id) ON DELETE CASCADE,
  title      text NOT NULL,
  chunks     jsonb NOT NULL,
  metadata   jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS embedders (
  embedder_id        serial PRIMARY KEY,
  name               text NOT NULL,
  owner_id           text NOT NULL,
  owner_display_name text NOT NULL,
  provider           text NOT NULL,
  base_url           text NOT NULL,
  api_key_encrypted  text,
  config             jsonb NOT NULL DEFAULT '{}',
  batch_size         integer NOT NULL DEFAULT 96,
  dimensions         integer NOT NULL DEFAULT 1536,
  max_input_tokens   integer NOT NULL DEFAULT 8191,
  truncate_strategy  varchar(50) NOT NULL DEFAULT 'NONE',
  collection_name    text,
  is_public          boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE embedders
  ADD COLUMN IF NOT EXISTS batch_size        integer NOT NULL DEFAULT 96,
  ADD COLUMN IF NOT EXISTS max_input_tokens  integer NOT NULL DEFAULT 8191,
  ADD COLUMN IF NOT EXISTS truncate_strategy varchar(50) NOT NULL DEFAULT 'NONE',
  ADD COLUMN IF NOT EXISTS collection_name   text;

CREATE TABLE IF NOT EXISTS dataset_transforms (
  dataset_transform_id serial PRIMARY KEY,
  title                text NOT NULL,
  source_dataset_id    integer NOT NULL REFERENCES datasets (dataset_id) ON DELETE CASCADE,
  embedder_ids         integer[] NOT NULL DEFAULT '{}',
  owner_id             text NOT NULL,
  owner_display_name   text NOT NULL,
  is_enabled           boolean NOT NULL DEFAULT true,
  job_config           jsonb NOT NULL DEFAULT '{}',
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS embedded_datasets (
  embedded_dataset_id    serial PRIMARY KEY,
  title                  text NOT NULL,
  dataset_transform_id   integer NOT NULL,
  source_dataset_id      integer NOT NULL,
  embedder_id            integer NOT NULL,
  owner_id               text NOT NULL,
  owner_display_name     text NOT NULL,
  collection_name        text NOT NULL,
  dimensions             integer,
  source_dataset_version timestamptz,
  scan_locked_at         timestamptz,
  last_processed_at      timestamptz,
  last_processed_item_id integer,
  created_at             timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  UNIQUE (dataset_transform_id, embedder_id)
);
ALTER TABLE embedded_datasets
  ADD COLUMN IF NOT EXISTS source_dataset_version timestamptz,
  ADD COLUMN IF NOT EXISTS last_processed_at      timestamptz,
  ADD COLUMN IF NOT EXISTS last_processed_item_id integer;

CREATE TABLE IF NOT EXISTS dataset_transform_batches (
  id                     serial PRIMARY KEY,
  dataset_transform_id   integer NOT NULL
                           REFERENCES dataset_transforms (dataset_transform_id) ON DELETE CASCADE,
  batch_key              varchar(255) NOT NULL,
  processed_at           timestamptz NOT NULL DEFAULT now(),
  status                 varchar(50) NOT NULL DEFAULT 'pending'
                           CHECK (status IN ('pending', 'processing', 'success', 'failed', 'skipped')),
  chunk_count            integer NOT NULL DEFAULT 0,
  error_message          text,
  processing_duration_ms bigint,
  created_at             timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  UNIQUE (dataset_transform_id, batch_key)
);
ALTER TABLE dataset_transform_batches
  ADD COLUMN IF NOT EXISTS processing_duration_ms bigint;

CREATE TABLE IF NOT EXISTS dataset_transform_stats (
  dataset_transform_id     integer PRIMARY KEY
                             REFERENCES dataset_transforms (dataset_transform_id) ON DELETE CASCADE,
  total_chunks_embedded    bigint NOT NULL DEFAULT 0,
  total_chunks_processing  bigint NOT NULL DEFAULT 0,
  total_chunks_failed      bigint NOT NULL DEFAULT 0,
  total_chunks_to_process  bigint NOT NULL DEFAULT 0,
  successful_batches       bigint NOT NULL DEFAULT 0,
  failed_batches           bigint NOT NULL DEFAULT 0,
  processing_batches       bigint NOT NULL DEFAULT 0,
  total_batches_dispatched bigint NOT NULL DEFAULT 0,
  total_chunks_dispatched  bigint NOT NULL DEFAULT 0,
  current_run_id           text,
  current_run_started_at   timestamptz,
  last_processed_at        timestamptz,
  first_processing_at      timestamptz,
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE dataset_transform_stats
  ADD COLUMN IF NOT EXISTS current_run_id      text,
  ADD COLUMN IF NOT EXISTS last_processed_at   timestamptz,
  ADD COLUMN IF NOT EXISTS first_processing_at timestamptz;

-- Keeps datasets.item_count and total_chunks. Once per statement: a row of `datasets` that is
-- updated for each of a million items in one transaction becomes slower with each of them.
CREATE OR REPLACE FUNCTION dsw_chunk_count(chunks jsonb) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(chunks) = 'array' THEN jsonb_array_length(chunks) ELSE 0 END $$;

CREATE OR REPLACE FUNCTION dsw_update_dataset_stats() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    UPDATE datasets d
    SET item_count = d.item_count + c.items, total_chunks = d.total_chunks + c.chunks,
        updated_at = now()
    FROM (SELECT dataset_id, count(*) AS items, sum(dsw_chunk_count(chunks)) AS chunks
          FROM new_items GROUP BY dataset_id) c
    WHERE d.dataset_id = c.dataset_id;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    UPDATE datasets d
    SET item_count = greatest(d.item_count - c.items, 0),
        total_chunks = greatest(d.total_chunks - c.chunks, 0), updated_at = now()
    FROM (SELECT dataset_id, count(*) AS items, sum(dsw_chunk_count(chunks)) AS chunks
          FROM old_items GROUP BY dataset_id) c
    WHERE d.dataset_id = c.dataset_id;
  END IF;
  RETURN NULL;
END $body$;

DO $body$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'dataset_items'::regclass
                 AND tgname IN ('trg_update_dataset_stats', 'dsw_dataset_stats_insert')) THEN
    CREATE TRIGGER dsw_dataset_stats_insert AFTER INSERT ON dataset_items
      REFERENCING NEW TABLE AS new_items
      FOR EACH STATEMENT EXECUTE FUNCTION dsw_update_dataset_stats();
    CREATE TRIGGER dsw_dataset_stats_update AFTER UPDATE ON dataset_items
      REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items
      FOR EACH STATEMENT EXECUTE FUNCTION dsw_update_dataset_stats();
    CREATE TRIGGER dsw_dataset_stats_delete AFTER DELETE ON dataset_items
      REFERENCING OLD TABLE AS old_items
      FOR EACH STATEMENT EXECUTE FUNCTION dsw_update_dataset_stats();
  END IF;
  -- In either direction it serves: Semantic Explorer has one with item_id descending.
  IF NOT EXISTS (
      SELECT FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      JOIN pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = i.indkey[1]
      WHERE i.indrelid = 'dataset_items'::regclass AND i.indpred IS NULL
        AND a.attname = 'dataset_id' AND b.attname = 'item_id') THEN
    CREATE INDEX dsw_dataset_items_key ON dataset_items (dataset_id, item_id);
  END IF;
END $body$;
)sql";

constexpr char kWorkerRecords[] = R"sql(
-- What is recorded per batch beyond Semantic Explorer's own columns.
ALTER TABLE dataset_transform_batches
  ADD COLUMN IF NOT EXISTS embedded_dataset_id integer,
  ADD COLUMN IF NOT EXISTS job_id              text,
  ADD COLUMN IF NOT EXISTS first_item_id       bigint,
  ADD COLUMN IF NOT EXISTS first_chunk         integer,
  ADD COLUMN IF NOT EXISTS last_item_id        bigint,
  ADD COLUMN IF NOT EXISTS last_chunk          integer,
  ADD COLUMN IF NOT EXISTS failed_count        integer,
  ADD COLUMN IF NOT EXISTS tokens              bigint;

-- Semantic Explorer's first databases have no such constraint, and perhaps rows that break it.
CREATE UNIQUE INDEX IF NOT EXISTS dsw_dataset_transform_batches_key
  ON dataset_transform_batches (dataset_transform_id, batch_key)
  WHERE embedded_dataset_id IS NOT NULL;

-- Progress, a row per item and target. `done` holds the chunk indexes that need no embedding while
-- the item's content has the hash; points may exist for indexes below stored_count. Rows outlive
-- their item, so that the points of a deleted one can be found.
CREATE TABLE IF NOT EXISTS dataset_transform_items (
  embedded_dataset_id integer NOT NULL
                        REFERENCES embedded_datasets (embedded_dataset_id) ON DELETE CASCADE,
  item_id             bigint NOT NULL,
  content_hash        text NOT NULL,
  chunk_count         integer NOT NULL,
  stored_count        integer NOT NULL,
  done                int4multirange NOT NULL,
  job_id              text NOT NULL,
  updated_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (embedded_dataset_id, item_id)
);

-- Chunks that could not be embedded while their neighbours could.
CREATE TABLE IF NOT EXISTS dataset_transform_failed_chunks (
  embedded_dataset_id integer NOT NULL
                        REFERENCES embedded_datasets (embedded_dataset_id) ON DELETE CASCADE,
  item_id             bigint NOT NULL,
  chunk_index         integer NOT NULL,
  reason              text NOT NULL,
  job_id              text NOT NULL,
  failed_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (embedded_dataset_id, item_id, chunk_index)
);

-- Failed deliveries of jobs that are still being tried.
CREATE TABLE IF NOT EXISTS dataset_transform_job_failures (
  job_id               text PRIMARY KEY,
  dataset_transform_id bigint NOT NULL,
  failures             integer NOT NULL,
  error_type           text NOT NULL,
  error_message        text NOT NULL,
  last_call            text NOT NULL,
  first_failed_at      timestamptz NOT NULL DEFAULT now(),
  last_failed_at       timestamptz NOT NULL DEFAULT now()
);
)sql";

constexpr char kFaults[] = R"sql(
-- Where the last error arose: with its type it says whose fault it was.
ALTER TABLE dataset_transform_job_failures
  ADD COLUMN IF NOT EXISTS error_origin text NOT NULL DEFAULT '';
)sql";

constexpr char kEnds[] = R"sql(
-- What the transform's statistics hold of a run: its batches up to counted_at, and that it failed.
ALTER TABLE dataset_transform_runs
  ADD COLUMN IF NOT EXISTS counted_at      timestamptz,
  ADD COLUMN IF NOT EXISTS failure_counted boolean NOT NULL DEFAULT false;
UPDATE dataset_transform_runs SET counted_at = ended_at, failure_counted = outcome = 'failed'
WHERE outcome IS NOT NULL;
)sql";

}  // namespace

const std::vector<Migration>& Migrations() {
  static const std::vector<Migration> migrations = {
      {1, "tables of Semantic Explorer", kSemanticExplorer},
      {2, "records of the worker", kWorkerRecords},
      {3, "state of targets", kTargetState},
      {4, "faults of jobs", kFaults},
      {5, "ends of runs", kEnds},
      {6, "jobs that may have killed a worker", kSuspects},
      {7, "sizes of items", kItemSizes},
  };
  return migrations;
}

}  // namespace dsw
