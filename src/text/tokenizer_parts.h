#pragma once
// What a tokenizer is made of.

#include "ferrum/text/tokenizer.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/token_decoder.h"

namespace ferrum {

struct Tokenizer::Parts {
  Bpe bpe;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  PostProcessor post_processor;
  TokenDecoder decoder;  // at its start: copied for each text
  AddedTokens added;

  // Decodes one id; an unknown or skipped one adds nothing.
  void decode_one(int32_t id, bool skip_special_tokens, TokenDecoder& state,
                  std::string& out) const;
};

}  // namespace ferrum
