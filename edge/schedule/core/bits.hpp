// Bitsets of time cells in 64-bit words, lowest cell first.
#pragma once

#include <bit>
#include <cstdint>

namespace medspa {

using Word = std::uint64_t;
constexpr int kWordBits = 64;

inline bool test(const Word* bits, int cell) { return bits[cell / kWordBits] >> (cell % kWordBits) & 1; }

// Mask of the bits of word `word` that lie in [from, to).
inline Word inside(int word, int from, int to) {
    const int low = word * kWordBits;
    Word mask = ~Word{0};
    if (from > low) mask = from - low >= kWordBits ? 0 : mask << (from - low);
    if (to < low + kWordBits) mask = to <= low ? 0 : mask & (~Word{0} >> (low + kWordBits - to));
    return mask;
}

inline void assign(Word* bits, int from, int to, bool value) {
    for (int word = from / kWordBits; word * kWordBits < to; ++word) {
        const Word cells = inside(word, from, to);
        bits[word] = value ? bits[word] | cells : bits[word] & ~cells;
    }
}

inline bool any(const Word* bits, int from, int to) {
    for (int word = from / kWordBits; word * kWordBits < to; ++word)
        if (bits[word] & inside(word, from, to)) return true;
    return false;
}

// Word `word` of `bits` moved down by `cells`; what lies above the last word counts as clear.
inline Word moved_down(const Word* bits, int words, int word, int cells) {
    const int from = word + cells / kWordBits;
    const int shift = cells % kWordBits;
    const Word low = from < words ? bits[from] >> shift : 0;
    const Word high = shift != 0 && from + 1 < words ? bits[from + 1] << (kWordBits - shift) : 0;
    return low | high;
}

// Replaces `bits` by the cells from which a stretch of `length` cells would meet a set bit.
inline void spread_down(Word* bits, int words, int length) {
    for (int reach = 1; reach < length;) {
        const int step = reach <= length - reach ? reach : length - reach;
        // Upwards: each word reads only words that are not yet changed.
        for (int word = 0; word < words; ++word) bits[word] |= moved_down(bits, words, word, step);
        reach += step;
    }
}

inline int count(const Word* bits, int words) {
    int total = 0;
    for (int word = 0; word < words; ++word) total += std::popcount(bits[word]);
    return total;
}

// First set cell of [from, to), or -1; the stretch is not empty.
inline int first(const Word* bits, int from, int to) {
    int word = from / kWordBits;
    Word cells = bits[word] & (~Word{0} << (from % kWordBits));
    while (cells == 0) {
        if (++word * kWordBits >= to) return -1;
        cells = bits[word];
    }
    const int cell = word * kWordBits + std::countr_zero(cells);
    return cell < to ? cell : -1;
}

// Last set cell of [from, to), or -1; the stretch is not empty.
inline int last(const Word* bits, int from, int to) {
    int word = (to - 1) / kWordBits;
    Word cells = bits[word] & (~Word{0} >> (kWordBits - 1 - (to - 1) % kWordBits));
    while (cells == 0) {
        if (word * kWordBits <= from) return -1;
        cells = bits[--word];
    }
    const int cell = word * kWordBits + kWordBits - 1 - std::countl_zero(cells);
    return cell >= from ? cell : -1;
}

}  // namespace medspa
