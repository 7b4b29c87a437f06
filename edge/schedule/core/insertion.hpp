// The best place for one visit, nobody else moved.
#pragma once

#include "day.hpp"
#include "random.hpp"

namespace medspa {

class Insertion {
public:
    explicit Insertion(Day& day)
        : day_(day), p_(day.p), free_(std::size_t(day.p.alternatives) * day.words), any_(day.words), all_(day.words) {}

    // The place of least energy, without a start if there is none. Each start is overlooked with `blink` / 65,536.
    Placement best(int visit, Random& random, std::uint32_t blink, std::int64_t& energy) {
        Placement found;
        energy = kNever;
        each_start(visit, [&](int form, int start, std::int64_t least) {
            if (least >= energy) return;
            if (blink != 0 && random.below(65536) < blink) return;
            Placement here;
            const std::int64_t mine = choose(visit, form, start, here);
            if (mine < energy) {
                energy = mine;
                found = here;
            }
        });
        return found;
    }

    // The energy of the best choice at each start, from the visit's earliest cell on.
    void offers(int visit, std::int64_t* energies, Placement* places) {
        each_start(visit, [&](int form, int start, std::int64_t) {
            Placement here;
            const std::int64_t mine = choose(visit, form, start, here);
            const int cell = start - p_.earliest[visit];
            if (mine < energies[cell]) {
                energies[cell] = mine;
                places[cell] = here;
            }
        });
    }

private:
    // Calls back with every start that each need alone allows, and a lower bound of its energy.
    template <typename Callback>
    void each_start(int visit, Callback&& call) {
        const auto [low, high] = day_.bounds(visit);
        const std::int64_t* costs = p_.choice_cost + p_.choice_cost_first[visit] - day_.first_alternative(visit);
        const int shape = p_.visit_shape[visit];
        for (int form = p_.shape_first[shape]; form < p_.shape_first[shape + 1]; ++form) {
            const int final = high - p_.template_length[form];
            if (low > final) continue;
            const int from = low / kWordBits, to = final / kWordBits + 1;
            std::int64_t least = 0;
            if (!free_everywhere(form, from, to, costs, low, final, least)) continue;
            for (int word = from; word < to; ++word)
                for (Word left = all_[word]; left != 0; left &= left - 1) {
                    const int start = word * kWordBits + std::countr_zero(left);
                    call(form, start, least + start_energy(visit, start));
                }
        }
    }

    bool free_everywhere(int form, int from, int to, const std::int64_t* costs, int low, int final,
                         std::int64_t& least) {
        for (int word = from; word < to; ++word) all_[word] = inside(word, low, final + 1);
        for (int need = p_.template_first[form]; need < p_.template_first[form + 1]; ++need) {
            std::int64_t cheapest = kNever;
            std::fill(any_.begin() + from, any_.begin() + to, Word{0});
            for (int alternative = p_.need_first[need]; alternative < p_.need_first[need + 1]; ++alternative) {
                Word* free = &free_[std::size_t(alternative) * day_.words];
                day_.free_starts(alternative, from, to, free);
                cheapest = std::min(cheapest, costs[alternative]);
                for (int word = from; word < to; ++word) any_[word] |= free[word];
            }
            Word left = 0;
            for (int word = from; word < to; ++word) left |= all_[word] &= any_[word];
            if (left == 0) return false;
            least += cheapest;
        }
        return true;
    }

    std::int64_t start_energy(int visit, int start) const {
        const std::int64_t cost = p_.start_cost[p_.start_cost_first[visit] + start - p_.earliest[visit]];
        return cost + (p_.former_start[visit] >= 0 && start != p_.former_start[visit] ? move_energy(visit) : 0);
    }

    std::int64_t move_energy(int visit) const { return p_.move_cost[visit] + p_.move_energy[visit]; }

    // The cheapest alternatives that are free together at a start; kNever if there are none.
    std::int64_t choose(int visit, int form, int start, Placement& here) {
        const std::int64_t base = p_.start_cost[p_.start_cost_first[visit] + start - p_.earliest[visit]];
        visit_ = visit, form_ = form, start_ = start;
        costs_ = p_.choice_cost + p_.choice_cost_first[visit] - day_.first_alternative(visit);
        here.start = start, here.form = form;
        const bool has_former = p_.former_start[visit] >= 0;
        here.moved = has_former && start != p_.former_start[visit];
        std::int64_t best = pick(here, false);
        if (best == kNever) return kNever;
        if (has_former && !here.moved) {
            // In its former minute: with the former people and rooms, unless others are worth a message.
            Placement same = here;
            const std::int64_t stays = pick(same, true);
            here.moved = !as_before(here);
            if (here.moved && stays != kNever && stays <= best + move_energy(visit)) {
                best = stays;
                here = same;
                here.moved = false;
            }
        }
        here.cost = base;
        for (int need = 0; need < day_.needs(form); ++need) here.cost += costs_[here.choice[need]];
        return base + best + (here.moved ? move_energy(visit) : 0);
    }

    bool as_before(const Placement& here) const {
        for (int need = 0; need < day_.needs(here.form); ++need)
            if (!day_.same_face(visit_, need, here.choice[need])) return false;
        return true;
    }

    std::int64_t pick(Placement& here, bool as_former) {
        best_ = kNever;
        as_former_ = as_former;
        if (day_.entangled(form_)) {
            extend(0, 0, here);
        } else {
            std::int64_t total = 0;
            for (int need = 0; need < day_.needs(form_); ++need) {
                std::int64_t cheapest = kNever;
                each_free(need, [&](int alternative, std::int64_t cost) {
                    if (cost < cheapest) {
                        cheapest = cost;
                        found_[need] = alternative;
                    }
                });
                if (cheapest == kNever) return kNever;
                total += cheapest;
            }
            best_ = total;
            std::copy_n(found_.begin(), day_.needs(form_), here.choice.begin());
        }
        return best_;
    }

    template <typename Callback>
    void each_free(int need, Callback&& call) {
        const int index = p_.template_first[form_] + need;
        for (int alternative = p_.need_first[index]; alternative < p_.need_first[index + 1]; ++alternative) {
            if (!test(&free_[std::size_t(alternative) * day_.words], start_)) continue;
            if (as_former_ && !day_.same_face(visit_, need, alternative)) continue;
            call(alternative, costs_[alternative] + day_.attraction(alternative, start_));
        }
    }

    // Depth first, for templates whose needs can get into each other's way.
    void extend(int need, std::int64_t cost, Placement& here) {
        if (need == day_.needs(form_)) {
            best_ = cost;
            std::copy_n(found_.begin(), need, here.choice.begin());
            return;
        }
        each_free(need, [&](int alternative, std::int64_t more) {
            if (best_ != kNever && cost + more >= best_) return;
            for (int other = 0; other < need; ++other)
                if (meet(found_[other], alternative)) return;
            found_[need] = alternative;
            extend(need + 1, cost + more, here);
        });
    }

    bool meet(int one, int two) const {
        for (int a = p_.alternative_first[one]; a < p_.alternative_first[one + 1]; ++a)
            for (int b = p_.alternative_first[two]; b < p_.alternative_first[two + 1]; ++b) {
                if (p_.part_resource[a] != p_.part_resource[b]) continue;
                const int a_end = p_.part_offset[a] + p_.part_length[a] + p_.part_rest[a];
                const int b_end = p_.part_offset[b] + p_.part_length[b] + p_.part_rest[b];
                if (p_.part_offset[a] < b_end && p_.part_offset[b] < a_end) return true;
            }
        return false;
    }

    Day& day_;
    const Problem& p_;
    std::vector<Word> free_, any_, all_;
    int visit_ = 0, form_ = 0, start_ = 0;
    bool as_former_ = false;
    std::int64_t best_ = kNever;
    const std::int64_t* costs_ = nullptr;
    std::array<int, kMostNeeds> found_{};
};

}  // namespace medspa
