#include "io/workers.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <latch>
#include <memory>
#include <pthread.h>
#include <string>

#include "io/reactor.h"

namespace gatehouse::io {

Workers::Workers(std::size_t count, ReactorOptions options) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    reactors_.push_back(std::make_unique<Reactor>(options));
  }
  for (std::size_t i = 0; i < reactors_.size(); ++i) {
    threads_.emplace_back([&reactor = *reactors_[i], name = "worker-" + std::to_string(i)] {
      pthread_setname_np(pthread_self(), name.c_str());
      reactor.run();
    });
  }
}

Workers::~Workers() {
  stop();
}

void Workers::postAll(const std::function<void(std::size_t, Reactor&)>& work) {
  for (std::size_t i = 0; i < reactors_.size(); ++i) {
    post(i, [work, i, &reactor = *reactors_[i]] { work(i, reactor); });
  }
}

void Workers::runOnAll(const std::function<void(std::size_t, Reactor&)>& work) {
  std::latch done(static_cast<std::ptrdiff_t>(reactors_.size()));
  postAll([&work, &done](std::size_t worker, Reactor& reactor) {
    work(worker, reactor);
    done.count_down();
  });
  done.wait();
}

void Workers::stop() {
  for (const std::unique_ptr<Reactor>& reactor : reactors_) {
    reactor->quit();
  }
  threads_.clear();  // joins
}

}  // namespace gatehouse::io
