#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <set>

namespace ferrum {
namespace {

std::unique_ptr<Sequence> make_sequence(int64_t prompt) {
  return std::make_unique<Sequence>(Sequence{
      .tokens = std::vector<int32_t>(static_cast<size_t>(prompt), 1),
      .prompt_length = prompt,
      .max_length = 1000,
      .ignore_end = true,
      .sampler = Sampler({}, {}),
      .text = TextStream(nullptr, {}),
      .channel = std::make_shared<GenerationChannel>(prompt),
      .blocks = {},
  });
}

// A scheduler whose steps are "run": what was planned is cached, complete sequences get a token.
class SchedulerTest : public ::testing::Test {
 protected:
  Sequence* add(int64_t prompt) {
    auto sequence = make_sequence(prompt);
    Sequence* raw = sequence.get();
    scheduler_->add(std::move(sequence));
    return raw;
  }

  void start(int64_t blocks, int64_t max_sequences, int64_t budget, int64_t window = 0) {
    pool_ = std::make_unique<BlockPool>(blocks);
    scheduler_ = std::make_unique<Scheduler>(*pool_, max_sequences, budget, window);
  }

  // Tokens per sequence of the next step, in the order of its items.
  std::vector<std::pair<Sequence*, int64_t>> step() {
    std::vector<std::pair<Sequence*, int64_t>> planned;
    for (const ScheduledItem& item : scheduler_->plan()) {
      planned.emplace_back(item.sequence, item.tokens);
      EXPECT_GE(static_cast<int64_t>(item.sequence->blocks.ids.size()) * BlockPool::kBlockTokens,
                item.sequence->cached + item.tokens);
    }
    for (const auto& [sequence, tokens] : planned) {
      sequence->cached += tokens;
      if (sequence->pending() == 0) sequence->tokens.push_back(1);
    }
    return planned;
  }

  using Plan = std::vector<std::pair<Sequence*, int64_t>>;
  std::unique_ptr<BlockPool> pool_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, PromptsAreCutToTheBudgetInOrderOfArrival) {
  start(100, 4, 32);
  Sequence* a = add(40);
  Sequence* b = add(30);
  EXPECT_EQ(step(), (Plan{{a, 32}}));
  EXPECT_EQ(step(), (Plan{{a, 8}, {b, 24}}));
  EXPECT_EQ(step(), (Plan{{a, 1}, {b, 6}}));
  EXPECT_EQ(step(), (Plan{{a, 1}, {b, 1}}));
}

TEST_F(SchedulerTest, ALongPromptDoesNotStallADecode) {
  start(100, 4, 16);
  Sequence* a = add(10);
  step();
  Sequence* b = add(100);
  EXPECT_EQ(step(), (Plan{{a, 1}, {b, 15}}));
  EXPECT_EQ(step(), (Plan{{a, 1}, {b, 15}}));
}

TEST_F(SchedulerTest, DecodesBehindALongPromptAreInTheStepToo) {
  start(100, 4, 16);
  Sequence* a = add(100);
  Sequence* b = add(1);
  while (b->cached == 0) step();
  const auto plan = step();
  EXPECT_EQ(plan.size(), 2u);
  EXPECT_EQ(a->pending() + b->pending(), 2);
}

TEST_F(SchedulerTest, NoMoreThanMaxSequencesRun) {
  start(100, 2, 32);
  add(1), add(1), add(1);
  EXPECT_EQ(step().size(), 2u);
  EXPECT_EQ(scheduler_->waiting(), 1);
}

TEST_F(SchedulerTest, ARequestWaitsForBlocksAndNoneOvertakesIt) {
  start(4, 4, 64);
  Sequence* a = add(33);  // three blocks
  add(32);                // two: does not fit
  add(1);                 // would fit, but came later
  EXPECT_EQ(step(), (Plan{{a, 33}}));
  EXPECT_EQ(scheduler_->waiting(), 2);
  scheduler_->remove(a);
  EXPECT_EQ(step().size(), 2u);
}

TEST_F(SchedulerTest, TheYoungestGivesWayAndReturnsWithAllItsTokens) {
  start(4, 4, 64);
  Sequence* a = add(31);
  Sequence* b = add(31);
  step();  // both have 32 tokens, two blocks each, none free
  step();
  EXPECT_EQ(a->length(), 33);
  const auto plan = step();  // the 33rd token needs a third block
  EXPECT_EQ(plan, (Plan{{a, 1}}));
  EXPECT_EQ(b->cached, 0);
  EXPECT_TRUE(b->blocks.ids.empty());
  EXPECT_EQ(scheduler_->waiting(), 1);
  const int64_t length = b->length();
  scheduler_->remove(a);
  EXPECT_EQ(step(), (Plan{{b, length}}));
}

TEST_F(SchedulerTest, AnyLoadEndsWithAllBlocksFree) {
  for (const int64_t window : {0, 20}) {
    start(8, 3, 24, window);
    std::vector<Sequence*> all;
    for (int64_t i = 0; i < 12; ++i) all.push_back(add(1 + 9 * i % 70));
    for (int step_count = 0; !all.empty(); ++step_count) {
      ASSERT_LT(step_count, 5000) << "no progress";
      ASSERT_FALSE(step().empty());
      for (size_t i = 0; i < all.size();) {
        if (all[i]->length() < all[i]->prompt_length + 40) {
          ++i;
          continue;
        }
        scheduler_->remove(all[i]);
        all.erase(all.begin() + static_cast<int64_t>(i));
      }
    }
    EXPECT_EQ(pool_->used(), 0);
    EXPECT_TRUE(scheduler_->empty());
  }
}

// Whatever the window and the chunks, one sequence always goes on in the blocks promised for it,
// and holds those of all tokens that its next ones look at.
TEST_F(SchedulerTest, BlocksBehindAWindowAreFreed) {
  for (const int64_t window : {1, 7, 16, 17, 40}) {
    for (const int64_t budget : {1, 5, 16, 33}) {
      const int64_t promised = Scheduler::held_at_once(1000, window, budget);
      start(BlockPool::blocks_for(promised), 1, budget, window);
      Sequence* a = add(300);
      for (int step_count = 0; a->length() < 600; ++step_count) {
        ASSERT_LT(step_count, 700) << "no progress with a window of " << window;
        const int64_t oldest = std::max<int64_t>(0, a->cached - window + 1);
        ASSERT_EQ(step().size(), 1u);
        ASSERT_LE(a->blocks.dropped * BlockPool::kBlockTokens, oldest);
        ASSERT_EQ(a->blocks.held(), pool_->used());
        const auto held = std::set<int32_t>(a->blocks.ids.begin() + a->blocks.dropped,
                                            a->blocks.ids.end());
        ASSERT_EQ(static_cast<int64_t>(held.size()), a->blocks.held());
        for (const int32_t id : a->blocks.ids) ASSERT_TRUE(held.contains(id));
      }
      scheduler_->remove(a);
      EXPECT_EQ(pool_->used(), 0);
    }
  }
}

TEST(BlockPool, GrowTakesAllOrNothing) {
  BlockPool pool(3);
  BlockTable a, b;
  EXPECT_TRUE(pool.grow(a, 17));
  EXPECT_EQ(a.ids.size(), 2u);
  EXPECT_TRUE(pool.grow(a, 32));
  EXPECT_EQ(a.ids.size(), 2u);
  EXPECT_FALSE(pool.grow(b, 17));
  EXPECT_TRUE(b.ids.empty());
  EXPECT_EQ(pool.free(), 1);
  pool.release(a);
  EXPECT_EQ(pool.used(), 0);
  EXPECT_TRUE(pool.grow(b, 48));
  EXPECT_EQ(std::set<int32_t>(b.ids.begin(), b.ids.end()), (std::set<int32_t>{0, 1, 2}));
}

TEST(BlockPool, DroppedBlocksAreFreeAndTheirEntriesNameOneThatIsKept) {
  BlockPool pool(4);
  BlockTable table;
  ASSERT_TRUE(pool.grow(table, 64));
  const std::vector<int32_t> ids = table.ids;
  pool.drop_before(table, 15);
  EXPECT_EQ(pool.free(), 0);
  pool.drop_before(table, 33);
  EXPECT_EQ(pool.free(), 2);
  EXPECT_EQ(table.ids, (std::vector<int32_t>{ids[2], ids[2], ids[2], ids[3]}));
  pool.drop_before(table, -5);
  pool.drop_before(table, 1000);
  EXPECT_EQ(table.held(), 1);
  EXPECT_EQ(pool.free(), 3);
  pool.release(table);
  EXPECT_EQ(pool.used(), 0);
  EXPECT_EQ(table.held(), 0);
}

}  // namespace
}  // namespace ferrum
