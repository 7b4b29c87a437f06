// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same in every language.
#pragma once

#include <cstdint>

namespace medspa {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    // A number from 0 up to, not including, `limit`.
    std::uint32_t below(std::uint32_t limit) { return std::uint32_t(((next() >> 32) * limit) >> 32); }

private:
    std::uint64_t state_;
};

}  // namespace medspa
