// The day as it stands: who is where, which cells each resource is taken in, and what it all counts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

#include "bits.hpp"
#include "problem.hpp"

namespace medspa {

constexpr int kMostNeeds = 16;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Placement {
    int start = -1;
    int form = -1;  // the template
    std::array<int, kMostNeeds> choice{};
    std::int64_t cost = 0;  // of start and choice
    bool moved = false;
    bool placed() const { return start >= 0; }
};

struct Worth {
    std::int64_t rank = 0;    // first level
    std::int64_t cost = 0;    // second level
    std::int64_t energy = 0;  // what the search compares
    bool better_than(const Worth& other) const {
        return rank != other.rank ? rank < other.rank : cost < other.cost;
    }
};

class Day {
public:
    explicit Day(const Problem& problem)
        : p(problem),
          words((problem.cells + kWordBits - 1) / kWordBits),
          mask_words((problem.resources + kWordBits - 1) / kWordBits),
          days_((problem.cells + problem.day_cells - 1) / problem.day_cells),
          busy_(p.occupied, p.occupied + std::size_t(p.resources) * words),
          worked_(busy_),
          begun_(p.begun, p.begun + std::size_t(p.resources) * words),
          version_(p.resources, 1),
          stretches_(std::size_t(p.resources) * days_),
          resource_cost_(p.resources),
          load_(p.resources),
          touched_(p.resources, -1),
          visits(p.visits),
          mask_(std::size_t(p.visits) * mask_words),
          shortest_(p.shapes) {
        for (int part = 0; part < p.parts; ++part) part_span_.push_back(span_of(part));
        for (int resource = 0; resource < p.resources; ++resource) {
            resource_cost_[resource] = price(resource);
            worth_.cost += resource_cost_[resource];
            worth_.energy += resource_cost_[resource];
        }
        for (int visit = 0; visit < p.visits; ++visit) count_unplaced(visit, +1);
        for (int shape = 0; shape < p.shapes; ++shape) {
            shortest_[shape] = p.cells;
            for (int form = p.shape_first[shape]; form < p.shape_first[shape + 1]; ++form)
                shortest_[shape] = std::min(shortest_[shape], int(p.template_length[form]));
        }
        for (int form = 0; form < p.templates; ++form) entangled_.push_back(is_entangled(form));
    }

    const Problem& p;
    const int words;
    const int mask_words;

    const Worth& worth() const { return worth_; }
    const Placement& at(int visit) const { return visits[visit]; }
    const Word* busy(int resource) const { return &busy_[std::size_t(resource) * words]; }
    const Word* worked(int resource) const { return &worked_[std::size_t(resource) * words]; }
    const Word* uses(int resource) const { return &begun_[std::size_t(resource) * words]; }
    const Word* resources_of(int visit) const { return &mask_[std::size_t(visit) * mask_words]; }
    int end(int visit) const { return visits[visit].start + p.template_length[visits[visit].form]; }
    bool entangled(int form) const { return entangled_[form]; }
    int needs(int form) const { return p.template_first[form + 1] - p.template_first[form]; }
    int first_alternative(int visit) const {
        return p.need_first[p.template_first[p.shape_first[p.visit_shape[visit]]]];
    }
    int load(int resource) const { return load_[resource]; }

    // Whether a choice is what the client of `visit` had before, as far as clients notice.
    bool same_face(int visit, int need, int alternative) const {
        const int former = p.former_choice[p.former_first[visit] + need] + first_alternative(visit);
        return p.alternative_face[alternative] == p.alternative_face[former];
    }

    // Words of the starts at which an alternative is free, from word `from` up to `to`.
    void free_starts(int alternative, int from, int to, Word* out) {
        for (int word = from; word < to; ++word) out[word] = ~Word{0};
        for (int part = p.alternative_first[alternative]; part < p.alternative_first[alternative + 1]; ++part) {
            const Word* blocked = blocked_starts(part_span_[part]);
            for (int word = from; word < to; ++word)
                out[word] &= ~moved_down(blocked, words, word, p.part_offset[part]);
        }
    }

    // The cells a visit may lie in, given where the others of its chain are.
    std::pair<int, int> bounds(int visit) const {
        int low = p.earliest[visit], between = p.chain_gap[visit];
        for (int other = p.chain_before[visit]; other >= 0; other = p.chain_before[other]) {
            if (visits[other].placed()) {
                low = std::max(low, end(other) + between);
                break;
            }
            between += shortest_[p.visit_shape[other]] + p.chain_gap[other];
        }
        int high = p.latest[visit];
        between = 0;
        for (int other = p.chain_after[visit]; other >= 0; other = p.chain_after[other]) {
            between += p.chain_gap[other];
            if (visits[other].placed()) {
                high = std::min(high, visits[other].start - between);
                break;
            }
            between += shortest_[p.visit_shape[other]];
        }
        return {low, high};
    }

    // What using an alternative from `start` adds to the costs of its resources, nearly: exact sums come with settle().
    std::int64_t attraction(int alternative, int start) {
        std::int64_t total = 0;
        for (int part = p.alternative_first[alternative]; part < p.alternative_first[alternative + 1]; ++part) {
            if (!p.part_counts[part]) continue;
            const int resource = p.part_resource[part];
            const int from = start + p.part_offset[part];
            const int to = std::min<int>(p.cells, from + p.part_length[part] + p.part_rest[part]);
            if (p.brittle_cost[resource] != 0) {
                const int slack = p.brittle_cells[resource];
                const int close = any(worked(resource), std::max(0, from - slack), from) +
                                  any(uses(resource), to, std::min<int>(p.cells, to + slack));
                total += p.brittle_cost[resource] * close;
            }
            if (p.idle_cost[resource] != 0) {
                const Stretch& day = stretch(resource, days_ == 1 ? 0 : from / p.day_cells);
                if (day.begin >= 0) {
                    const int span = std::max(day.end, to) - std::min(day.begin, from);
                    total += p.idle_cost[resource] * std::max(0, span - (day.end - day.begin) - (to - from));
                }
            }
            if (p.load_cost[resource] != 0) {
                const std::int64_t more = to - from;
                total += p.load_cost[resource] * (2 * load_[resource] * more + more * more);
            }
        }
        return total;
    }

    void place(int visit, const Placement& placement) {
        count_unplaced(visit, -1);
        visits[visit] = placement;
        count_placed(visit, +1);
        occupy(visit, true);
    }

    void remove(int visit) {
        occupy(visit, false);
        count_placed(visit, -1);
        visits[visit].start = -1;
        count_unplaced(visit, +1);
    }

    // Brings the resources' part of the worth up to date.
    void settle() {
        for (int resource : changed_) {
            const std::int64_t now = price(resource);
            worth_.cost += now - resource_cost_[resource];
            worth_.energy += now - resource_cost_[resource];
            resource_cost_[resource] = now;
        }
    }

    // Everything since the last mark() stands, or is as it was.
    void mark() {
        for (int resource : changed_) touched_[resource] = -1;
        changed_.clear();
        saved_.clear();
        saved_worth_ = worth_;
    }

    // `former` says, in the order of the changes, where each changed visit was before its change.
    void roll_back(const std::vector<std::pair<int, Placement>>& former) {
        for (auto entry = former.rbegin(); entry != former.rend(); ++entry) {
            visits[entry->first] = entry->second;
            remember_resources(entry->first);
        }
        for (std::size_t n = 0; n < changed_.size(); ++n) {
            const int resource = changed_[n];
            const Saved& saved = saved_[n];
            const Word* before = &saved_words_[n * 3 * words];
            std::copy_n(before, words, &busy_[std::size_t(resource) * words]);
            std::copy_n(before + words, words, &worked_[std::size_t(resource) * words]);
            std::copy_n(before + 2 * words, words, &begun_[std::size_t(resource) * words]);
            version_[resource] = saved.version;
            resource_cost_[resource] = saved.cost;
            load_[resource] = saved.load;
        }
        worth_ = saved_worth_;
        mark();
    }

private:
    struct Span {
        int resource, length, rest;
        std::uint64_t version = 0;
    };
    // From the first worked cell of a day to the cell after the last; `begin` is -1 on a day without any.
    struct Stretch {
        int begin = -1, end = 0;
        std::uint64_t version = 0;
    };
    struct Saved {
        std::uint64_t version;
        std::int64_t cost;
        int load;
    };

    int span_of(int part) {
        const auto key = std::make_tuple(p.part_resource[part], p.part_length[part], p.part_rest[part]);
        const auto [entry, fresh] = span_index_.try_emplace(key, int(spans_.size()));
        if (fresh) {
            spans_.push_back({p.part_resource[part], p.part_length[part], p.part_rest[part]});
            std::vector<Word> shut(p.closed + std::size_t(p.part_resource[part]) * words,
                                   p.closed + std::size_t(p.part_resource[part] + 1) * words);
            spread_down(shut.data(), words, p.part_length[part]);
            shut_.insert(shut_.end(), shut.begin(), shut.end());
            blocked_.resize(shut_.size());
        }
        return entry->second;
    }

    // Starts at which a use of this length meets closed or busy time; kept until the resource changes.
    const Word* blocked_starts(int index) {
        Span& span = spans_[index];
        Word* blocked = &blocked_[std::size_t(index) * words];
        if (span.version != version_[span.resource]) {
            span.version = version_[span.resource];
            std::copy_n(busy(span.resource), words, blocked);
            spread_down(blocked, words, span.length + span.rest);
            for (int word = 0; word < words; ++word) blocked[word] |= shut_[std::size_t(index) * words + word];
        }
        return blocked;
    }

    // What a resource works on one day; kept until the resource changes.
    const Stretch& stretch(int resource, int day) {
        Stretch& known = stretches_[std::size_t(resource) * days_ + day];
        if (known.version != version_[resource]) {
            const int dawn = day * p.day_cells, dusk = std::min<int>(p.cells, dawn + p.day_cells);
            known = {first(worked(resource), dawn, dusk), last(worked(resource), dawn, dusk) + 1, version_[resource]};
        }
        return known;
    }

    // Whether two needs of a template may want one resource in cells that overlap.
    bool is_entangled(int form) const {
        struct Use {
            int need, resource, from, to;
        };
        std::vector<Use> uses;
        for (int need = p.template_first[form]; need < p.template_first[form + 1]; ++need)
            for (int alternative = p.need_first[need]; alternative < p.need_first[need + 1]; ++alternative)
                for (int part = p.alternative_first[alternative]; part < p.alternative_first[alternative + 1]; ++part) {
                    const int from = p.part_offset[part], to = from + p.part_length[part] + p.part_rest[part];
                    for (const Use& use : uses)
                        if (use.need != need && use.resource == p.part_resource[part] && from < use.to && use.from < to)
                            return true;
                    uses.push_back({need, p.part_resource[part], from, to});
                }
        return false;
    }

    std::int64_t price(int resource) {
        load_[resource] = count(worked(resource), words);
        std::int64_t total = p.load_cost[resource] * load_[resource] * load_[resource];
        if (p.idle_cost[resource] != 0 && load_[resource] > 0) {
            int present = 0;
            for (int day = 0; day < days_; ++day)
                if (const Stretch& here = stretch(resource, day); here.begin >= 0) present += here.end - here.begin;
            total += p.idle_cost[resource] * (present - load_[resource]);
        }
        if (p.brittle_cost[resource] != 0) {
            const Word* starts = uses(resource);
            for (int word = 0; word < words; ++word)
                for (Word left = starts[word]; left != 0; left &= left - 1) {
                    const int cell = word * kWordBits + std::countr_zero(left);
                    if (any(worked(resource), std::max(0, cell - p.brittle_cells[resource]), cell))
                        total += p.brittle_cost[resource];
                }
        }
        return total;
    }

    void count_unplaced(int visit, int sign) {
        worth_.rank += sign * p.drop_rank[visit];
        worth_.cost += sign * p.drop_cost[visit];
        worth_.energy += sign * (p.drop_cost[visit] + p.drop_energy[visit]);
    }

    void count_placed(int visit, int sign) {
        const Placement& here = visits[visit];
        worth_.cost += sign * here.cost;
        worth_.energy += sign * here.cost;
        if (here.moved) {
            worth_.rank += sign * p.move_rank[visit];
            worth_.cost += sign * p.move_cost[visit];
            worth_.energy += sign * (p.move_cost[visit] + p.move_energy[visit]);
        }
    }

    void touch(int resource) {
        if (touched_[resource] >= 0) return;
        touched_[resource] = int(changed_.size());
        changed_.push_back(resource);
        saved_.push_back({version_[resource], resource_cost_[resource], load_[resource]});
        const std::size_t at = (changed_.size() - 1) * 3 * words;
        if (saved_words_.size() < at + 3 * words) saved_words_.resize(at + 3 * words);
        std::copy_n(busy(resource), words, &saved_words_[at]);
        std::copy_n(worked(resource), words, &saved_words_[at + words]);
        std::copy_n(uses(resource), words, &saved_words_[at + 2 * words]);
    }

    void occupy(int visit, bool taken) {
        const Placement& here = visits[visit];
        for (int need = 0; need < needs(here.form); ++need) {
            const int alternative = here.choice[need];
            for (int part = p.alternative_first[alternative]; part < p.alternative_first[alternative + 1]; ++part) {
                const int resource = p.part_resource[part];
                touch(resource);
                version_[resource] = ++clock_;
                const int from = here.start + p.part_offset[part];
                const int to = std::min<int>(p.cells, from + p.part_length[part] + p.part_rest[part]);
                assign(&busy_[std::size_t(resource) * words], from, to, taken);
                if (!p.part_counts[part]) continue;
                assign(&worked_[std::size_t(resource) * words], from, to, taken);
                assign(&begun_[std::size_t(resource) * words], from, from + 1, taken);
                load_[resource] += taken ? to - from : from - to;
            }
        }
        remember_resources(visit);
    }

    void remember_resources(int visit) {
        Word* mask = &mask_[std::size_t(visit) * mask_words];
        std::fill_n(mask, mask_words, Word{0});
        const Placement& here = visits[visit];
        if (!here.placed()) return;
        for (int need = 0; need < needs(here.form); ++need)
            for (int part = p.alternative_first[here.choice[need]]; part < p.alternative_first[here.choice[need] + 1];
                 ++part)
                mask[p.part_resource[part] / kWordBits] |= Word{1} << (p.part_resource[part] % kWordBits);
    }

    const int days_;
    std::vector<Word> busy_, worked_, begun_;
    std::vector<std::uint64_t> version_;
    std::vector<Stretch> stretches_;
    std::uint64_t clock_ = 1;
    std::vector<std::int64_t> resource_cost_;
    std::vector<int> load_;
    std::vector<int> touched_;
    std::vector<int> changed_;
    std::vector<Saved> saved_;
    std::vector<Word> saved_words_;
    std::vector<Placement> visits;
    std::vector<Word> mask_;
    std::vector<int> shortest_;
    std::vector<bool> entangled_;
    std::map<std::tuple<int, int, int>, int> span_index_;
    std::vector<Span> spans_;
    std::vector<int> part_span_;
    std::vector<Word> shut_, blocked_;
    Worth worth_, saved_worth_;
};

}  // namespace medspa
