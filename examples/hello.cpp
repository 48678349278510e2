// The whole way in ten lines: a model directory in, streamed text out.
//
//   hello [MODEL]     without a model, the built-in demonstration

#include <iostream>

#include "ferrum/engine/engine.h"

int main(int argc, char** argv) {
  ferrum::EngineConfig config;
  if (argc > 1) config.model = argv[1];
  auto engine = ferrum::Engine::open(config);
  auto request = engine->chat_request({{{"role", "user"}, {"content", "Hello!"}}});
  request.sampling.max_tokens = 100;
  auto generation = engine->submit(std::move(request));
  while (auto piece = generation->next()) std::cout << piece->text << std::flush;
  std::cout << "\n";
}
