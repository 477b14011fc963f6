#include "io/blocking.h"

#include <cstddef>
#include <mutex>
#include <pthread.h>
#include <string>
#include <utility>

#include "io/reactor.h"

namespace gatehouse::io {

BlockingThreads::BlockingThreads(const std::string& name, std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] { serve(name); });
  }
}

BlockingThreads::~BlockingThreads() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  threads_.clear();  // joins
}

void BlockingThreads::submit(Posted work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void BlockingThreads::serve(const std::string& name) {
  pthread_setname_np(pthread_self(), name.c_str());
  while (true) {
    Posted work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace gatehouse::io
