#include <iostream>

#include "ferrum/types/json.h"
#include "ferrum/types/thread_pool.h"

int main() {
  ferrum::ThreadPool pool(2);
  ferrum::Json json = ferrum::Device::cpu();
  std::cout << pool.size() << " threads on " << json << "\n";
  return pool.size() == 2 && json == "cpu" ? 0 : 1;
}
