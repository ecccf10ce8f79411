// SPDX-License-Identifier: Apache-2.0
//
// How large the texts of an item are, known without reading them.
#include "host/postgres/migration_steps.h"

namespace dsw {

const char* const kItemSizes = R"sql(
-- Of the chunks as text. NULL in rows from before: to fill those in would take reading all texts,
-- of which most are never asked about.
ALTER TABLE dataset_item_contents ADD COLUMN IF NOT EXISTS bytes bigint;

-- Of chunks that were made text already, for their size.
CREATE OR REPLACE FUNCTION dsw_text_hash(title text, metadata jsonb, chunks text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT md5(md5(title) || md5(metadata::text) || md5(chunks)) $$;

CREATE OR REPLACE FUNCTION dsw_content_hash(title text, metadata jsonb, chunks jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT dsw_text_hash(title, metadata, chunks::text) $$;

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
  INSERT INTO dataset_item_contents AS c (dataset_id, item_id, content_hash, chunk_count, bytes)
  SELECT dataset_id, item_id, dsw_text_hash(title, metadata, t.chunks_text),
         dsw_chunk_count(chunks), octet_length(t.chunks_text)
  FROM new_items, LATERAL (SELECT chunks::text AS chunks_text OFFSET 0) t
  ORDER BY dataset_id, item_id
  ON CONFLICT (dataset_id, item_id) DO UPDATE
    SET content_hash = excluded.content_hash, chunk_count = excluded.chunk_count,
        bytes = excluded.bytes
    WHERE (c.content_hash, c.chunk_count, c.bytes) IS DISTINCT FROM
          (excluded.content_hash, excluded.chunk_count, excluded.bytes);
  RETURN NULL;
END $body$;
)sql";

}  // namespace dsw
