// Ruin and recreate (Schrimpf et al., 2000; adjacent removals and blinks after Christiaens and Vanden Berghe, 2020):
// take a few neighbours out of the day, put them back one by one, keep the day if it is good enough.
#pragma once

#include <chrono>
#include <utility>

#include "insertion.hpp"

namespace medspa {

extern "C" struct Search {
    std::int64_t iterations;
    std::int64_t until_ns;  // steady clock; 0 for no limit
    std::int64_t temperature;
    const std::int64_t* chill;  // 256 values of -ln(u), times 65,536
    std::int32_t most_removed;
    std::uint32_t blink;
};

class Engine {
public:
    Engine(const Problem& problem, std::uint64_t seed)
        : day_(problem), p_(day_.p), insertion_(day_), random_(seed), mask_(day_.mask_words) {
        keep_best();
    }

    // Starts from given places; what has none is out. The caller vouches that they fit together.
    void set(const std::int32_t* starts, const std::int32_t* forms, const std::int32_t* choices) {
        for (int visit = 0; visit < p_.visits; ++visit)
            if (day_.at(visit).placed()) day_.remove(visit);
        for (int visit = 0; visit < p_.visits; ++visit)
            if (starts[visit] >= 0)
                day_.place(visit, placement(visit, starts[visit], forms[visit], choices + p_.former_first[visit]));
        day_.settle();
        day_.mark();
        keep_best();
    }

    // Puts every visit that is out into its best place, most important and least flexible first; moves nobody.
    void repair() {
        changed_.clear();
        std::vector<int> out;
        for (int visit = 0; visit < p_.visits; ++visit)
            if (!day_.at(visit).placed()) out.push_back(visit);
        sort(out, Order::kImportance);
        recreate(out, 0);
        day_.settle();
        day_.mark();
        if (day_.worth().better_than(best_worth_)) keep_best();
    }

    // Returns how many iterations were made.
    std::int64_t search(const Search& limits) {
        std::int64_t done = 0;
        for (; done < limits.iterations; ++done) {
            if (limits.until_ns != 0 && done % 16 == 0 && now_ns() >= limits.until_ns) break;
            step(limits);
        }
        return done;
    }

    void back_to_best() {
        day_.mark();
        changed_.clear();
        for (int visit = 0; visit < p_.visits; ++visit)
            if (day_.at(visit).placed()) day_.remove(visit);
        for (int visit = 0; visit < p_.visits; ++visit)
            if (best_[visit].placed()) day_.place(visit, best_[visit]);
        day_.settle();
        day_.mark();
    }

    const Worth& best_worth() const { return best_worth_; }
    const Placement& best(int visit) const { return best_[visit]; }
    Insertion& insertion() { return insertion_; }
    const Day& day() const { return day_; }
    int first_alternative(int visit) const { return day_.first_alternative(visit); }

private:
    enum class Order { kRandom, kTightest, kLongest, kImportance };

    Placement placement(int visit, int start, int form, const std::int32_t* choice) const {
        Placement made;
        made.start = start;
        made.form = p_.shape_first[p_.visit_shape[visit]] + form;
        const int base = day_.first_alternative(visit);
        made.cost = p_.start_cost[p_.start_cost_first[visit] + start - p_.earliest[visit]];
        made.moved = p_.former_start[visit] >= 0 && start != p_.former_start[visit];
        for (int need = 0; need < day_.needs(made.form); ++need) {
            made.choice[need] = base + choice[need];
            made.cost += p_.choice_cost[p_.choice_cost_first[visit] + choice[need]];
            if (p_.former_start[visit] >= 0 && !day_.same_face(visit, need, made.choice[need])) made.moved = true;
        }
        return made;
    }

    void step(const Search& limits) {
        const std::int64_t before = day_.worth().energy;
        changed_.clear();
        ruin(limits.most_removed);
        std::vector<int>& out = out_;
        sort(out, Order(random_.below(4)));
        recreate(out, limits.blink);
        day_.settle();
        const std::int64_t worse = day_.worth().energy - before;
        if (worse > 0 && worse > (limits.temperature * limits.chill[random_.below(256)]) >> 16) {
            day_.roll_back(changed_);
            return;
        }
        day_.mark();
        if (day_.worth().better_than(best_worth_)) keep_best();
    }

    // --- ruin -----------------------------------------------------------------------------------------
    void ruin(int most) {
        out_.clear();
        lost_.clear();
        here_.clear();
        moved_.clear();
        for (int visit = 0; visit < p_.visits; ++visit) {
            const Placement& there = day_.at(visit);
            (there.placed() ? here_ : lost_).push_back(visit);
            if (there.placed() && there.moved) moved_.push_back(visit);
        }
        const int count = 1 + int(random_.below(std::uint32_t(most)));
        if (!lost_.empty() && random_.below(2) == 0) {
            const int newcomer = lost_[random_.below(std::uint32_t(lost_.size()))];
            if (make_way(newcomer, most)) {
                try_some_lost(newcomer);
                return;
            }
        }
        const bool home = !moved_.empty() && random_.below(kHome) == 0 &&
                          send_home(moved_[random_.below(std::uint32_t(moved_.size()))], most);
        if (!here_.empty() && !home) {
            if (random_.below(4) == 0)
                remove_stretch(count);
            else
                remove_neighbours(pick_seed(), count);
        }
        try_some_lost(-1);
    }

    // Half of the time somebody who is not where they were: what a disruption touched.
    int pick_seed() {
        if (random_.below(2) == 0 && !moved_.empty()) return moved_[random_.below(std::uint32_t(moved_.size()))];
        return here_[random_.below(std::uint32_t(here_.size()))];
    }

    void remove_neighbours(int seed, int count) {
        near_.clear();
        const int middle = day_.at(seed).start + day_.end(seed);
        for (int visit : here_) {
            const int distance = std::abs(day_.at(visit).start + day_.end(visit) - middle);
            const int shared = visit == seed ? kFar : share(seed, visit) ? kSharing : 0;
            near_.emplace_back(distance + int(random_.below(kJitter)) - shared, visit);
        }
        std::sort(near_.begin(), near_.end());
        for (int n = 0; n < std::min<int>(count, int(near_.size())); ++n) take_out(near_[n].second);
    }

    // Everybody on one resource, from a random one of them on.
    void remove_stretch(int count) {
        const int seed = here_[random_.below(std::uint32_t(here_.size()))];
        const int need = int(random_.below(std::uint32_t(day_.needs(day_.at(seed).form))));
        const int resource = p_.part_resource[p_.alternative_first[day_.at(seed).choice[need]]];
        near_.clear();
        for (int visit : here_)
            if (test(day_.resources_of(visit), resource) && day_.at(visit).start >= day_.at(seed).start)
                near_.emplace_back(day_.at(visit).start, visit);
        std::sort(near_.begin(), near_.end());
        for (int n = 0; n < std::min<int>(count, int(near_.size())); ++n) take_out(near_[n].second);
    }

    // Puts somebody who is out into a random place and takes out whoever is in the way there, if they are few.
    bool make_way(int newcomer, int most) {
        const auto [low, high] = day_.bounds(newcomer);
        const int shape = p_.visit_shape[newcomer];
        const int form = p_.shape_first[shape] +
                         int(random_.below(std::uint32_t(p_.shape_first[shape + 1] - p_.shape_first[shape])));
        const int final = high - p_.template_length[form];
        if (low > final) return false;
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            const int start = low + int(random_.below(std::uint32_t(final - low + 1)));
            if (!blockers(newcomer, form, start, false) || int(near_.size()) > most) continue;
            for (const auto& [_, visit] : near_) take_out(visit);
            put_in(newcomer, 0);
            return true;
        }
        return false;
    }

    // Puts somebody who is not where they were back there, and takes out whoever is in the way, if they are few.
    bool send_home(int visit, int most) {
        const auto [low, high] = day_.bounds(visit);
        const int form = day_.at(visit).form, start = p_.former_start[visit];
        if (start < low || start + p_.template_length[form] > high) return false;
        if (!blockers(visit, form, start, true) || int(near_.size()) > most) return false;
        changed_.emplace_back(visit, day_.at(visit));
        day_.remove(visit);
        for (const auto& [_, other] : near_) take_out(other);
        put_in(visit, 0);
        return true;
    }

    // Collects in `near_` who else keeps a visit from `start`, with a random choice or its former one; false when
    // something that is no visit does.
    bool blockers(int newcomer, int form, int start, bool as_former) {
        near_.clear();
        std::fill(mask_.begin(), mask_.end(), Word{0});
        for (int need = p_.template_first[form]; need < p_.template_first[form + 1]; ++need) {
            const int alternative = as_former ? former(newcomer, form, need) : any_of(need);
            for (int part = p_.alternative_first[alternative]; part < p_.alternative_first[alternative + 1]; ++part) {
                const int resource = p_.part_resource[part];
                const int from = start + p_.part_offset[part];
                const int to = std::min<int>(p_.cells, from + p_.part_length[part] + p_.part_rest[part]);
                const std::size_t row = std::size_t(resource) * day_.words;
                if (any(p_.closed + row, from, from + p_.part_length[part]) || any(p_.occupied + row, from, to))
                    return false;
                if (!any(day_.busy(resource), from, to)) continue;
                for (int visit : here_)
                    if (visit != newcomer && test(day_.resources_of(visit), resource) && meets(visit, resource, from, to) &&
                        std::find(near_.begin(), near_.end(), std::pair{0, visit}) == near_.end())
                        near_.emplace_back(0, visit);
            }
        }
        return true;
    }

    int any_of(int need) {
        return p_.need_first[need] + int(random_.below(std::uint32_t(p_.need_first[need + 1] - p_.need_first[need])));
    }

    // The former choice, where this form of the visit has it too.
    int former(int visit, int form, int need) {
        const std::int64_t at = p_.former_first[visit] + need - p_.template_first[form];
        const int alternative = day_.first_alternative(visit) + p_.former_choice[at];
        const bool known = alternative >= p_.need_first[need] && alternative < p_.need_first[need + 1];
        return known ? alternative : any_of(need);
    }

    bool meets(int visit, int resource, int from, int to) const {
        const Placement& there = day_.at(visit);
        for (int need = 0; need < day_.needs(there.form); ++need)
            for (int part = p_.alternative_first[there.choice[need]];
                 part < p_.alternative_first[there.choice[need] + 1]; ++part) {
                if (p_.part_resource[part] != resource) continue;
                const int begin = there.start + p_.part_offset[part];
                if (begin < to && from < begin + p_.part_length[part] + p_.part_rest[part]) return true;
            }
        return false;
    }

    // A few of those who were out before get another chance.
    void try_some_lost(int except) {
        for (int n = 0; n < kChances && !lost_.empty(); ++n) {
            const std::size_t at = random_.below(std::uint32_t(lost_.size()));
            const int visit = lost_[at];
            lost_[at] = lost_.back();
            lost_.pop_back();
            if (visit != except) out_.push_back(visit);
        }
    }

    // --- recreate -------------------------------------------------------------------------------------
    void recreate(const std::vector<int>& out, std::uint32_t blink) {
        for (int visit : out) put_in(visit, blink);
    }

    // Into its best place, if that is worth it.
    void put_in(int visit, std::uint32_t blink) {
        std::int64_t energy = 0;
        const Placement placement = insertion_.best(visit, random_, blink, energy);
        if (!placement.placed() || energy >= p_.drop_cost[visit] + p_.drop_energy[visit]) return;
        changed_.emplace_back(visit, day_.at(visit));
        day_.place(visit, placement);
    }

    void sort(std::vector<int>& out, Order order) {
        keyed_.clear();
        for (int visit : out) keyed_.emplace_back(key(visit, order), visit);
        std::sort(keyed_.begin(), keyed_.end());
        for (std::size_t n = 0; n < out.size(); ++n) out[n] = keyed_[n].second;
    }

    std::int64_t key(int visit, Order order) {
        const int form = p_.shape_first[p_.visit_shape[visit]];
        const int slack = p_.latest[visit] - p_.earliest[visit] - p_.template_length[form];
        switch (order) {
            case Order::kRandom: return random_.below(1u << 30);
            case Order::kTightest: return slack;
            case Order::kLongest: return -p_.template_length[form];
            case Order::kImportance: return slack - p_.drop_energy[visit] * 1024;
        }
        return 0;
    }

    void take_out(int visit) {
        changed_.emplace_back(visit, day_.at(visit));
        day_.remove(visit);
        out_.push_back(visit);
    }

    bool share(int one, int two) const {
        for (int word = 0; word < day_.mask_words; ++word)
            if (day_.resources_of(one)[word] & day_.resources_of(two)[word]) return true;
        return false;
    }

    void keep_best() {
        best_.resize(std::size_t(p_.visits));
        for (int visit = 0; visit < p_.visits; ++visit) best_[visit] = day_.at(visit);
        best_worth_ = day_.worth();
    }

    static std::int64_t now_ns() {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }

    static constexpr int kFar = 1 << 20;
    static constexpr int kSharing = 24;
    static constexpr std::uint32_t kJitter = 12;
    static constexpr std::uint32_t kHome = 4;
    static constexpr int kAttempts = 8;
    static constexpr int kChances = 4;

    Day day_;
    const Problem& p_;
    Insertion insertion_;
    Random random_;
    std::vector<Word> mask_;
    std::vector<int> out_, lost_, here_, moved_;
    std::vector<std::pair<int, int>> near_;
    std::vector<std::pair<std::int64_t, int>> keyed_;
    std::vector<std::pair<int, Placement>> changed_;
    std::vector<Placement> best_;
    Worth best_worth_;
};

}  // namespace medspa
