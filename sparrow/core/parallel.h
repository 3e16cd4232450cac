// parallel_for: a fixed split of [0, n) into blocks, run by `threads` threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace sparrow {

// The number of threads to use when an option says 0.
inline std::size_t thread_count(std::size_t requested) {
  if (requested > 0) return requested;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// Calls body(begin, end, thread) for blocks of at most `block` indices that cover [0, n). Blocks
// are the same whatever the number of threads; which thread takes which block is not. The body must
// not throw. With one thread everything runs in the caller.
template <typename Body>
void parallel_for(std::size_t n, std::size_t block, std::size_t threads, const Body& body) {
  block = std::max<std::size_t>(1, block);
  const std::size_t blocks = (n + block - 1) / block;
  threads = std::min(thread_count(threads), std::max<std::size_t>(1, blocks));
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t thread) {
    for (std::size_t b = next.fetch_add(1); b < blocks; b = next.fetch_add(1)) {
      body(b * block, std::min(n, (b + 1) * block), thread);
    }
  };
  std::vector<std::thread> pool;
  pool.reserve(threads - 1);
  for (std::size_t t = 1; t < threads; ++t) pool.emplace_back(work, t);
  work(0);
  for (auto& thread : pool) thread.join();
}

}  // namespace sparrow
