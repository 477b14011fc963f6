// Numbers for trace and span ids (xoshiro256**): well spread, not secret. Nothing that protects
// anything may come from here.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace gatehouse::telemetry {

class FastRandom {
 public:
  /// Sources with different seeds give unrelated numbers; each worker gets its own seed from the
  /// system's random source.
  explicit FastRandom(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {  // splitmix64, as the authors of xoshiro advise
      seed += 0x9E3779B97F4A7C15;
      std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace gatehouse::telemetry
