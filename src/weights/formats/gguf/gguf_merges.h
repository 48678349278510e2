#pragma once
// Which tokens merge, the first before the others.

#include <string>
#include <utility>
#include <vector>

#include "weights/formats/gguf/gguf_vocabulary.h"

namespace ferrum {

using TokenPairs = std::vector<std::pair<std::string, std::string>>;

// As the file lists them. Throws kInvalidFormat for what is not two tokens.
TokenPairs parse_merges(const GgufVocabulary& vocabulary);

// As the scores of tokens imply them: all pairs that make a token, in the order of transformers'
// conversion of SentencePiece (score, then characters left and right, all descending). Throws
// kInvalidFormat for tokens of more than a kilobyte.
TokenPairs merges_by_score(const GgufVocabulary& vocabulary);

}  // namespace ferrum
