// What a pickle may say, what it may not, and that neither is ever run.

#include "weights/formats/pytorch/unpickler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/error.h"
#include "ferrum/types/host_memory.h"
#include "support/expect_error.h"

namespace ferrum {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;

Pickle parse(const std::string& bytes) {
  PickleInput input(std::as_bytes(std::span(bytes)), "x.pkl");
  Pickle pickle = read_pickle(input);
  EXPECT_EQ(input.remaining(), 0);
  return pickle;
}

void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what) {
  SCOPED_TRACE(testing::PrintToString(bytes.substr(0, 60)));
  test::expect_error(ErrorCode::kInvalidFormat, AllOf(HasSubstr("x.pkl"), what),
                     [&] { parse(bytes); });
}

std::string repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(UnpicklerTest, ConstantsOfEveryOpcode) {
  const Pickle pickle = parse(
      "\x80\2(N\x88\x89"
      "K\xff"
      "M\xff\xff"
      "J\xff\xff\xff\xff"
      "\x8a\0"
      "\x8a\1\x80"
      "\x8a\x8\xff\xff\xff\xff\xff\xff\xff\x7f"
      "\x8a\x9\xff\xff\xff\xff\xff\xff\xff\xff\0"
      "G\x3f\xf8\0\0\0\0\0\0"
      "X\2\0\0\0\xc3\xa9"
      "U\1a"
      "\x8c\1b"
      "])}\x8ft."s);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 18u);
  EXPECT_TRUE(pickle.is(items[0], PickleKind::kNone));
  EXPECT_TRUE(pickle.truth(items[1]));
  EXPECT_FALSE(pickle.truth(items[2]));
  const int64_t integers[] = {255, 65535, -1, 0, -128, INT64_MAX};
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(pickle.find_integer(items[3 + i]), integers[i]);
  EXPECT_TRUE(pickle.is(items[9], PickleKind::kBigInteger));
  EXPECT_EQ(pickle.real(items[10]), 1.5);
  EXPECT_EQ(pickle.find_text(items[11]), "\xc3\xa9");
  EXPECT_EQ(pickle.find_text(items[12]), "a");
  EXPECT_EQ(pickle.find_text(items[13]), "b");
  EXPECT_TRUE(pickle.is(items[14], PickleKind::kList));
  EXPECT_TRUE(pickle.is(items[15], PickleKind::kTuple));
  EXPECT_TRUE(pickle.is(items[16], PickleKind::kDict));
  EXPECT_TRUE(pickle.is(items[17], PickleKind::kSet));
}

TEST(UnpicklerTest, ContainersAndMemos) {
  // d = {"a": [1, 2, 3], 7: (1, 2)}, twice in a tuple
  const Pickle pickle = parse("\x80\2}q\0(U\1a]q\1(K\1K\2eK\3aK\7K\1K\2\x86uh\0\x86."s);
  const auto twice = pickle.items(pickle.root());
  ASSERT_EQ(twice.size(), 2u);
  EXPECT_EQ(twice[0], twice[1]);
  const auto items = pickle.items(twice[0]);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(pickle.items(items[1]).size(), 3u);
  EXPECT_EQ(pickle.find_integer(pickle.items(items[1])[2]), 3);
  EXPECT_EQ(pickle.items(items[3]).size(), 2u);
}

TEST(UnpicklerTest, CallsAreData) {
  const std::string ordered = "\x80\2ccollections\nOrderedDict\n)R";
  const Pickle pickle = parse(ordered + "q\0U\1aK\1sU\1bK\2s}b."s);
  const PickleId root = pickle.root();
  EXPECT_EQ(pickle.find_role(root), TorchRole::kOrderedDict);
  EXPECT_EQ(pickle.items(root).size(), 4u);
  EXPECT_TRUE(pickle.find_state(root).has_value());
  const Pickle renamed = parse("c__builtin__\nset\n]\x85R.");
  EXPECT_EQ(renamed.global(renamed.callee(renamed.root())).name, "builtins.set");
  const Pickle framed = parse("\x80\4\x95\x1c\0\0\0\0\0\0\0\x8c\5torch\x94\x8c\4Size\x94\x93\x94"
                              "K\2K\3\x86\x94\x85\x94R\x94."s);
  EXPECT_EQ(framed.global(framed.callee(framed.root())).name, "torch.Size");
}

TEST(UnpicklerTest, GlobalsBeyondTheListAreRefusedByNameAndByte) {
  const auto refuse = [](const std::string& name, const std::string& bytes, int at) {
    expect_refused(bytes, AllOf(HasSubstr("global " + name + " at byte " + std::to_string(at)),
                                HasSubstr("nothing of a pickle is ever run")));
  };
  refuse("os.system", "\x80\2cos\nsystem\nU\2id\x85R.", 2);
  refuse("posix.system", "cposix\nsystem\nU\2id\x85R.", 0);
  refuse("nt.system", "cnt\nsystem\n.", 0);
  refuse("sys.exit", "csys\nexit\n)R.", 0);
  refuse("__builtin__.eval", "c__builtin__\neval\nU\1""1\x85R.", 0);
  refuse("builtins.eval", "K\1cbuiltins\neval\nU\1""1\x85R.", 2);
  refuse("builtins.getattr", "cbuiltins\ngetattr\n.", 0);
  refuse("os.system", "\x80\4\x8c\2os\x94\x8c\6system\x94\x93.", 16);
  refuse("pickle.loads", "cpickle\nloads\nU\x4N.)R\x85R.", 0);
  refuse("torch.storage._load_from_bytes", "ctorch.storage\n_load_from_bytes\n.", 0);
  refuse("torch._utils._import_dotted_name", "ctorch._utils\n_import_dotted_name\n.", 0);
  refuse("torch.hub.load", "ctorch.hub\nload\n.", 0);
  refuse("torch.load", "ctorch\nload\n.", 0);
  refuse("os.system", "ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nU\2id\x85t.", 38);
  refuse("collections.OrderedDict.fromkeys", "ccollections\nOrderedDict.fromkeys\n.", 0);
  refuse("torch.nn.modules.linear.Linear", "ctorch.nn.modules.linear\nLinear\n.", 0);
  refuse("?[31m.x", "c\x1b[31m\nx\n.", 0);
  expect_refused("c" + std::string(300, 'x') + "\n", HasSubstr("longer than any"));
}

TEST(UnpicklerTest, TheListIsThatOfTorch) {
  for (const char* name : {"torch.FloatStorage", "torch.cuda.HalfStorage", "torch.BoolTensor",
                           "torch.cuda.sparse.LongTensor", "torch.QUInt4x2Storage", "torch.uint7",
                           "torch.float8_e8m0fnu", "torch.storage.UntypedStorage", "torch.bits16",
                           "torch.ComplexDoubleStorage", "torch.per_tensor_affine"}) {
    const std::string path = name;
    const size_t dot = path.rfind('.');
    const auto found = find_torch_global(path.substr(0, dot), path.substr(dot + 1));
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->name, path);
  }
  for (const char* name : {"torch.sparse.BoolTensor", "torch.QInt8Tensor", "torch.Storage",
                           "torch.cuda.QInt8Storage", "torch.Tensor.x", "torch.uint9", "torch.",
                           "torch.cuda.float32", "torch.nn.FloatStorage", "torch.sparse.Tensor",
                           "torch.sparse.FloatStorage", "torchx.float32"}) {
    const std::string path = name;
    const size_t dot = path.rfind('.');
    EXPECT_FALSE(find_torch_global(path.substr(0, dot), path.substr(dot + 1))) << name;
  }
}

TEST(UnpicklerTest, OpcodesBeyondTheListAreRefused) {
  for (const std::string& bytes :
       {"(ios\nsystem\n."s, "(cos\nsystem\no."s, "(U\2ido."s, "P1\n."s, "\x82\1."s, "\x83\1\0."s,
        "\x84\1\0\0\0."s, "\x92."s, "\x8b\1\0\0\0\1."s, "I1\n."s, "S'a'\n."s, "F1\n."s,
        "L1L\n."s, "Va\n."s, "B\1\0\0\0a."s, "C\1a."s, "\x8d\1\0\0\0\0\0\0\0a."s, "N2."s, "N0."s,
        "(1."s, "(d."s, "(l."s, "g0\n."s, "p0\n."s, "\x90."s, "\x91."s, "\x96."s, "\x97."s,
        "\x98."s, "\xff."s, "\0."s, "T\1\0\0\0a."s}) {
    expect_refused(bytes, AnyOf(HasSubstr("has the pickle opcode 0x"), HasSubstr("os.system")));
  }
  expect_refused("(iposix", AllOf(HasSubstr("0x69 ('i')"), HasSubstr("at byte 1")));
}

TEST(UnpicklerTest, SizesAreCheckedBeforeAnythingIsAllocated) {
  const int64_t before = peak_rss_bytes();
  expect_refused("X\xff\xff\xff\xffzz."s, HasSubstr("4294967295"));
  expect_refused("X\xff\xff\xff\x0fzz."s, HasSubstr("needs 268435455 more bytes where 3 are left"));
  expect_refused("\x8a\xff"s + std::string(255, 'x') + ".", HasSubstr("integer of 255 bytes"));
  expect_refused(repeat("(", 1'000'000), AllOf(HasSubstr("1000"), HasSubstr("at byte 1000")));
  expect_refused("Nr\xff\xff\xff\xff."s, HasSubstr("sets memo 4294967295"));
  expect_refused("Nr\xff\xff\0\0."s, HasSubstr("sets memo 65535"));
  expect_refused("j\xff\xff\xff\xff."s, HasSubstr("recalls memo 4294967295"));
  expect_refused("\x95\xff\xff\xff\xff\xff\xff\xff\xff."s, HasSubstr("frame"));
  expect_refused("N"s + repeat("h\0"s, 10), HasSubstr("recalls memo 0"));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{8} << 20);
  expect_refused("Nq\0"s + repeat("h\0"s, 2'000'000), HasSubstr("more than 1048576 open values"));
}

TEST(UnpicklerTest, ValuesAreCounted) {
  // Each round fills one list with 1000 empty ones.
  const std::string round = "(" + repeat("]", 1000) + "e";
  expect_refused("]" + repeat(round, 17'000), HasSubstr("more than 16777216 values"));
}

TEST(UnpicklerTest, BombsAndCyclesStayAsSmallAsTheirBytes) {
  std::string bomb = "(]q\0"s;  // a list of twice the list before
  for (char i = 0; i < 100; ++i) {
    bomb += "]q"s + static_cast<char>(i + 1) + "(h" + i + "h" + i + "e";
  }
  EXPECT_LT(parse(bomb + "t.").size(), 200u);
  const Pickle cycle = parse("]q\0h\0a."s);
  EXPECT_EQ(cycle.items(cycle.root())[0], cycle.root());
  EXPECT_EQ(parse(")"s + repeat("\x85", 100'000) + ".").size(), 100'001u);
}

TEST(UnpicklerTest, TheStackIsGuarded) {
  for (const std::string& bytes : {"."s, "N(."s, "NN."s, "t."s, "\x85."s, "N\x86."s, "NN\x87."s,
                                   "a."s, "]a."s, "Ns."s, "(NNu."s, "(e."s, "]e."s, "R."s, ")R."s,
                                   "b."s, "Nb."s, "Q."s, "q\0."s, "\x93."s, "N(Na."s, "N(]\x86."s,
                                   "N(Nt(u."s}) {
    expect_refused(bytes, HasSubstr("byte"));
  }
}

TEST(UnpicklerTest, ContainersTakeOnlyWhatTheyHold) {
  expect_refused("]K\1K\2s."s, HasSubstr("sets items of a list, not of a dict, at byte 5"));
  expect_refused("](K\1K\2u."s, HasSubstr("sets items of a list"));
  expect_refused("}K\1a."s, HasSubstr("appends to a dict"));
  expect_refused("\x8f(K\1e."s, HasSubstr("appends to a set"));
  expect_refused("}(K\1u."s, HasSubstr("key without a value"));
  expect_refused("ctorch\nSize\n)RK\1K\2s."s, HasSubstr("sets items of an object"));
  expect_refused("N)R."s, HasSubstr("calls None with a tuple"));
  expect_refused("ctorch\nSize\nNR."s, HasSubstr("calls a global with None"));
  expect_refused("}}b."s, HasSubstr("sets the state of a dict"));
  expect_refused("ctorch\nSize\n}b."s, HasSubstr("sets the state of a global"));
  expect_refused("NNs."s, HasSubstr("byte"));
  expect_refused("K\1U\1a\x93."s, HasSubstr("no text"));
  expect_refused("]Q."s, HasSubstr("names no storage"));
  expect_refused("U\1x\x85Q."s, HasSubstr("names no storage"));
  expect_refused(")Q."s, HasSubstr("names no storage"));
  expect_refused("\x80\6N."s, HasSubstr("protocol 6"));
}

TEST(UnpicklerTest, EveryCutIsNoticed) {
  const std::string whole =
      "\x80\2}q\0(X\1\0\0\0actorch\nSize\nq\1K\2K\3\x86\x85RM\1\1G\0\0\0\0\0\0\0\0u."s;
  parse(whole);
  for (size_t i = 0; i < whole.size(); ++i) {
    expect_refused(whole.substr(0, i), HasSubstr("more bytes where"));
  }
}

}  // namespace
}  // namespace ferrum
