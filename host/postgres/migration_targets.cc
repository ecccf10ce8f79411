// SPDX-License-Identifier: Apache-2.0
//
// Step 3: who is at a target, what its vectors were made by, and what its items hold without
// reading their texts.
#include "host/postgres/migration_steps.h"

namespace dsw {

const char* const kTargetState = R"sql(
-- What every item's content is, so that the unchanged is recognised without reading texts. Kept by
-- triggers; items from before are filled in by the first job.
CREATE OR REPLACE FUNCTION dsw_content_hash(title text, metadata jsonb, chunks jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT md5(md5(title) || md5(metadata::text) || md5(chunks::text)) $$;

CREATE TABLE IF NOT EXISTS dataset_item_contents (
  dataset_id   integer NOT NULL,
  item_id      bigint NOT NULL,
  content_hash text NOT NULL,
  chunk_count  integer NOT NULL,
  PRIMARY KEY (dataset_id, item_id)
);

-- Whoever writes items need not know of this table, nor have rights on it.
CREATE OR REPLACE FUNCTION dsw_keep_item_contents() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM dataset_item_contents c USING old_items o
    WHERE c.dataset_id = o.dataset_id AND c.item_id = o.item_id
      AND NOT EXISTS (SELECT FROM new_items n
                      WHERE n.dataset_id = o.dataset_id AND n.item_id = o.item_id);
  ELSIF TG_OP = 'DELETE' THEN
    DELETE FROM dataset_item_contents c USING old_items o
    WHERE c.dataset_id = o.dataset_id AND c.item_id = o.item_id;
    RETURN NULL;
  END IF;
  INSERT INTO dataset_item_contents AS c (dataset_id, item_id, content_hash, chunk_count)
  SELECT dataset_id, item_id, dsw_content_hash(title, metadata, chunks), dsw_chunk_count(chunks)
  FROM new_items ORDER BY dataset_id, item_id
  ON CONFLICT (dataset_id, item_id) DO UPDATE
    SET content_hash = excluded.content_hash, chunk_count = excluded.chunk_count
    WHERE c.content_hash <> excluded.content_hash OR c.chunk_count <> excluded.chunk_count;
  RETURN NULL;
END $body$;

DROP TRIGGER IF EXISTS dsw_item_contents_insert ON dataset_items;
DROP TRIGGER IF EXISTS dsw_item_contents_update ON dataset_items;
DROP TRIGGER IF EXISTS dsw_item_contents_delete ON dataset_items;
CREATE TRIGGER dsw_item_contents_insert AFTER INSERT ON dataset_items
  REFERENCING NEW TABLE AS new_items
  FOR EACH STATEMENT EXECUTE FUNCTION dsw_keep_item_contents();
CREATE TRIGGER dsw_item_contents_update AFTER UPDATE ON dataset_items
  REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items
  FOR EACH STATEMENT EXECUTE FUNCTION dsw_keep_item_contents();
CREATE TRIGGER dsw_item_contents_delete AFTER DELETE ON dataset_items
  REFERENCING OLD TABLE AS old_items
  FOR EACH STATEMENT EXECUTE FUNCTION dsw_keep_item_contents();

-- Records of another generation than their target's are void: raised when all is to be embedded
-- again. `stored_count` counts all the same, since points may still be there.
ALTER TABLE dataset_transform_items
  ADD COLUMN IF NOT EXISTS generation integer NOT NULL DEFAULT 0;

-- `maker` is all that makes this generation's vectors what they are; `previous_maker` made those
-- that are still in the collection until the target is complete again.
CREATE TABLE IF NOT EXISTS dataset_transform_targets (
  embedded_dataset_id integer PRIMARY KEY
                        REFERENCES embedded_datasets (embedded_dataset_id) ON DELETE CASCADE,
  generation          integer NOT NULL DEFAULT 0,
  maker               text NOT NULL DEFAULT '',
  previous_maker      text NOT NULL DEFAULT '',
  last_token          bigint NOT NULL DEFAULT 0,
  chunks_total        bigint NOT NULL DEFAULT 0,
  chunks_done         bigint NOT NULL DEFAULT 0,
  chunks_failed       bigint NOT NULL DEFAULT 0
);

-- The right to write a target's points and records, for items first_item to last_item. Whoever
-- takes it over removes the row of the one before, whose token then opens nothing any more.
CREATE SEQUENCE IF NOT EXISTS dataset_transform_lease_numbers;
CREATE TABLE IF NOT EXISTS dataset_transform_leases (
  token               bigint PRIMARY KEY,
  embedded_dataset_id integer NOT NULL
                        REFERENCES embedded_datasets (embedded_dataset_id) ON DELETE CASCADE,
  first_item          bigint NOT NULL,
  last_item           bigint NOT NULL,
  job_id              text NOT NULL,
  range_number        integer NOT NULL,
  holder              text NOT NULL,
  acquired_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at          timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS dsw_leases_target ON dataset_transform_leases (embedded_dataset_id);

-- A job's work on a target, over all deliveries; the job has job_targets of them. source_version, last_item_id and
-- the chunks_ are what the dataset was when the run began; NULL before that.
CREATE TABLE IF NOT EXISTS dataset_transform_runs (
  embedded_dataset_id integer NOT NULL
                        REFERENCES embedded_datasets (embedded_dataset_id) ON DELETE CASCADE,
  job_id              text NOT NULL,
  job_targets         integer NOT NULL,
  generation          integer,
  started_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at            timestamptz,
  outcome             text CHECK (outcome IN ('success', 'failed', 'stopped')),
  error               text,
  source_version      timestamptz,
  last_item_id        bigint,
  chunks_total        bigint,
  chunks_done         bigint NOT NULL DEFAULT 0,
  chunks_failed       bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (embedded_dataset_id, job_id)
);
CREATE INDEX IF NOT EXISTS dsw_runs_job ON dataset_transform_runs (job_id);

-- The pieces of a run that is shared out over the fleet; together they cover every item id.
CREATE TABLE IF NOT EXISTS dataset_transform_ranges (
  embedded_dataset_id integer NOT NULL,
  job_id              text NOT NULL,
  number              integer NOT NULL,
  first_item          bigint NOT NULL,
  last_item           bigint NOT NULL,
  state               text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'dead')),
  error               text,
  PRIMARY KEY (embedded_dataset_id, job_id, number),
  FOREIGN KEY (embedded_dataset_id, job_id)
    REFERENCES dataset_transform_runs (embedded_dataset_id, job_id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS dsw_batches_run
  ON dataset_transform_batches (embedded_dataset_id, job_id)
  WHERE embedded_dataset_id IS NOT NULL;

ALTER TABLE dataset_transform_stats
  ADD COLUMN IF NOT EXISTS last_outcome text,
  ADD COLUMN IF NOT EXISTS last_error   text;

-- The meaning of "pending": an item has chunks to embed unless a record of the target's generation
-- covers them all and was made of the content that the item has now. `done` are those that need
-- none. The dataset and the generation are arguments, so that both tables are read along their keys.
CREATE OR REPLACE FUNCTION dsw_items(target integer, dataset integer, generation integer,
                                     first_item bigint, last_item bigint)
RETURNS TABLE (item_id bigint, content_hash text, chunk_count integer, stored_count integer,
               done int4multirange, pending boolean)
LANGUAGE sql STABLE AS $$
  SELECT c.item_id, c.content_hash, c.chunk_count, coalesce(p.stored_count, 0),
         CASE WHEN p.content_hash = c.content_hash AND p.generation = $3
              THEN p.done ELSE '{}'::int4multirange END,
         c.chunk_count > 0
         AND coalesce(p.content_hash <> c.content_hash OR p.generation <> $3
                      OR NOT p.done @> int4range(0, c.chunk_count), true)
  FROM dataset_item_contents c
  LEFT JOIN dataset_transform_items p
    ON p.embedded_dataset_id = $1 AND p.item_id = c.item_id AND p.item_id BETWEEN $4 AND $5
  WHERE c.dataset_id = $2 AND c.item_id BETWEEN $4 AND $5
$$;
)sql";

}  // namespace dsw
