// SPDX-License-Identifier: Apache-2.0
//
// From a job to its plan.
#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class PlanTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    MakeTransform();
  }
  void AddSecondEmbedder() {
    Sql("INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url, "
        "  api_key_encrypted, batch_size, max_input_tokens, truncate_strategy, collection_name) "
        "  VALUES ('second', 'owner', 'o', 'cohere', '', 'env:COHERE_KEY', 0, 512, 'END', 'named');"
        "UPDATE dataset_transforms SET embedder_ids = '{2,1,2}'");
  }
};

TEST_F(PlanTest, ReadsTheTransformAndItsEmbedder) {
  const Plan plan = MustPlan(MakeJob("a", Mode::kFull));
  EXPECT_EQ(plan.job_id, "a");
  EXPECT_EQ(plan.dataset_transform_id, 1);
  EXPECT_EQ(plan.dataset_id, 1);
  EXPECT_EQ(plan.owner_id, "owner");
  EXPECT_EQ(plan.title, "t");
  EXPECT_EQ(plan.mode, Mode::kFull);
  ASSERT_EQ(plan.targets.size(), 1u);
  const Target& target = plan.targets[0];
  EXPECT_EQ(target.collection, "embedded-dataset-1-owner");
  EXPECT_EQ(target.embedder.embedder_id, 1);
  EXPECT_EQ(target.embedder.provider, "test");
  EXPECT_EQ(target.embedder.base_url, "http://e");
  EXPECT_EQ(target.embedder.model, "hash-8");
  EXPECT_EQ(target.embedder.config_json, R"({"extra":1})");
  EXPECT_EQ(target.embedder.batch_size, 96);
  EXPECT_EQ(target.embedder.max_input_tokens, 8191);
  EXPECT_EQ(target.embedder.truncate, Truncate::kNone);
  EXPECT_TRUE(target.embedder.api_key.empty());
}

TEST_F(PlanTest, KeepsTheOrderOfEmbeddersAndTheirRows) {
  AddSecondEmbedder();
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_EQ(plan.targets.size(), 2u);
  EXPECT_EQ(plan.targets[0].embedder.embedder_id, 2);
  EXPECT_EQ(plan.targets[0].collection, "named");
  EXPECT_EQ(plan.targets[0].embedder.api_key.Reveal(), "env:COHERE_KEY");
  EXPECT_EQ(plan.targets[0].embedder.batch_size, 100) << "the worker's default";
  EXPECT_EQ(plan.targets[0].embedder.max_input_tokens, 512);
  EXPECT_EQ(plan.targets[0].embedder.truncate, Truncate::kEnd);
  EXPECT_EQ(plan.targets[1].embedder.embedder_id, 1);
  const Plan again = MustPlan(MakeJob("b"));
  EXPECT_EQ(again.targets[0].embedded_dataset_id, plan.targets[0].embedded_dataset_id);
  EXPECT_EQ(Sql("SELECT count(*) FROM embedded_datasets"), "2");
}

TEST_F(PlanTest, AJobMaySelectOneTarget) {
  AddSecondEmbedder();
  const Plan all = MustPlan(MakeJob("a"));
  Job job = MakeJob("b");
  job.embedded_dataset_id = all.targets[1].embedded_dataset_id;
  const Plan one = MustPlan(job);
  ASSERT_EQ(one.targets.size(), 1u);
  EXPECT_EQ(one.targets[0].embedder.embedder_id, 1);
}

TEST_F(PlanTest, AJobOverridesTheEmbeddersRow) {
  Job job = MakeJob("a");
  job.owner_id = "somebody";
  job.collection_name = "mine";
  job.embedder = EmbedderOverride{.provider = "openai",
                                  .base_url = "http://other",
                                  .model = {},
                                  .api_key = Secret("literal-key"),
                                  .config_json = R"({"model":"m2","more":[1]})",
                                  .batch_size = 7,
                                  .max_input_tokens = 99};
  const Plan plan = MustPlan(job);
  EXPECT_EQ(plan.owner_id, "somebody");
  const Target& target = plan.targets[0];
  EXPECT_EQ(target.collection, "mine");
  EXPECT_EQ(target.embedder.provider, "openai");
  EXPECT_EQ(target.embedder.base_url, "http://other");
  EXPECT_EQ(target.embedder.model, "m2");
  EXPECT_EQ(target.embedder.api_key.Reveal(), "literal-key");
  EXPECT_EQ(target.embedder.config_json, R"({"extra":1,"more":[1]})");
  EXPECT_EQ(target.embedder.batch_size, 7);
  EXPECT_EQ(target.embedder.max_input_tokens, 99);
  job.batch_size = 3;
  job.embedder->model = "m3";
  EXPECT_EQ(MustPlan(job).targets[0].embedder.batch_size, 3);
  EXPECT_EQ(MustPlan(job).targets[0].embedder.model, "m3");
}

TEST_F(PlanTest, AnEmbeddedDatasetKeepsItsCollection) {
  MustPlan(MakeJob("a"));
  Job job = MakeJob("b");
  job.collection_name = "elsewhere";
  EXPECT_FAIL(store_->LoadPlan(job), Code::kConflict, "embedded-dataset-1-owner");
  job.collection_name = "embedded-dataset-1-owner";
  EXPECT_OK(store_->LoadPlan(job));
}

TEST_F(PlanTest, SaysWhatIsMissing) {
  Job job = MakeJob("a");
  job.dataset_transform_id = 99;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kNotFound,
              "transform 99 does not exist; the newest are 1 (t)");
  job.dataset_transform_id = 99'000'000'000;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kNotFound, "99000000000");

  job = MakeJob("a");
  job.embedded_dataset_id = 5;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kNotFound, "embedded dataset 5");

  Sql("UPDATE dataset_transforms SET embedder_ids = '{1,44}'");
  EXPECT_FAIL(store_->LoadPlan(MakeJob("a")), Code::kNotFound, "embedder 44 of transform 1");
  EXPECT_EQ(Sql("SELECT count(*) FROM embedded_datasets"), "0") << "half a plan leaves no rows";
}

TEST_F(PlanTest, SaysWhatCannotWork) {
  Job job = MakeJob("a");
  job.dataset_id = 2;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kInvalid, "dataset 2");

  AddSecondEmbedder();
  job = MakeJob("a");
  job.collection_name = "c";
  EXPECT_FAIL(store_->LoadPlan(job), Code::kInvalid, "embedded_dataset_id");

  MustPlan(MakeJob("a"));
  Sql("UPDATE dataset_transforms SET embedder_ids = '{2}'");
  job = MakeJob("a");
  job.embedded_dataset_id =
      std::stoll(Sql("SELECT embedded_dataset_id FROM embedded_datasets WHERE embedder_id = 1"));
  EXPECT_FAIL(store_->LoadPlan(job), Code::kInvalid, "no longer one of transform 1's");

  Sql("INSERT INTO dataset_transforms (title, source_dataset_id, embedder_ids, owner_id, "
      "owner_display_name) VALUES ('other', 1, '{1}', 'owner', 'o')");
  job.dataset_transform_id = 2;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kInvalid, "belongs to transform 1");

  Sql("UPDATE dataset_transforms SET embedder_ids = '{}'");
  EXPECT_FAIL(store_->LoadPlan(MakeJob("a")), Code::kInvalid, "has no embedder");

  Sql("UPDATE dataset_transforms SET is_enabled = false");
  EXPECT_FAIL(store_->LoadPlan(MakeJob("a")), Code::kWithdrawn, "disabled");
}

TEST_F(PlanTest, ADeletedDatasetTakesItsTransformAlong) {
  Sql("DELETE FROM datasets");
  EXPECT_FAIL(store_->LoadPlan(MakeJob("a")), Code::kNotFound, "there is none");
  Job job = MakeJob("a");
  job.redelivered = true;
  EXPECT_FAIL(store_->LoadPlan(job), Code::kWithdrawn, "does not exist");
  job = MakeJob("a");
  job.range = JobRange{};
  EXPECT_FAIL(store_->LoadPlan(job), Code::kWithdrawn, "does not exist");
}

}  // namespace
}  // namespace dsw
