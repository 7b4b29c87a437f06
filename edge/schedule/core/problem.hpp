// A planning problem as flat arrays, owned by the caller for as long as an engine lives.
//
// A visit has a shape. A shape is one or more templates (the same service with other lengths), a template is a list
// of needs, a need is met by one of its alternatives, an alternative occupies parts: a resource from `offset` cells
// after the visit's start, for `length` cells and `rest` cells of cleaning or cooldown. Lists are written as offsets:
// what belongs to entry i lies from `first[i]` up to, not including, `first[i + 1]`.
#pragma once

#include <cstdint>

namespace medspa {

extern "C" struct Problem {
    std::int32_t cells;
    std::int32_t day_cells;  // of one of its days; what is free between two days is no idle time
    std::int32_t resources;
    std::int32_t visits;
    std::int32_t shapes;
    std::int32_t templates;
    std::int32_t needs;
    std::int32_t alternatives;
    std::int32_t parts;

    // Per resource: words of closed time, of what is occupied beforehand and where such uses begin; what is asked of it.
    const std::uint64_t* closed;
    const std::uint64_t* occupied;
    const std::uint64_t* begun;
    const std::int32_t* brittle_cells;
    const std::int64_t* brittle_cost;
    const std::int64_t* idle_cost;
    const std::int64_t* load_cost;

    const std::int32_t* shape_first;        // templates of a shape
    const std::int32_t* template_first;     // needs of a template
    const std::int32_t* template_length;    // cells from the first stage's start to the last one's end
    const std::int32_t* need_first;         // alternatives of a need
    const std::int32_t* alternative_first;  // parts of an alternative
    const std::int32_t* alternative_face;   // what the client notices of it
    const std::int32_t* part_resource;
    const std::int32_t* part_offset;
    const std::int32_t* part_length;
    const std::int32_t* part_rest;
    const std::int32_t* part_counts;  // 0 for time that is taken, but is no work: no cost of the resource sees it

    const std::int32_t* visit_shape;
    const std::int32_t* earliest;          // first cell it may start in
    const std::int32_t* latest;            // cell it must have ended by
    const std::int64_t* start_cost;        // of all visits, by cell from `earliest`
    const std::int64_t* start_cost_first;  // where a visit's begin
    const std::int64_t* choice_cost;       // of all visits, by alternative of the shape
    const std::int64_t* choice_cost_first;
    const std::int32_t* former_start;    // -1 without a former place
    const std::int32_t* former_choice;   // of all visits, by need: an alternative, counted from the shape's first
    const std::int64_t* former_first;
    const std::int64_t* drop_rank;       // what being without a place counts on the first level
    const std::int64_t* drop_cost;       // on the second
    const std::int64_t* drop_energy;     // while searching, added to the cost
    const std::int64_t* move_rank;       // what another start, provider or room counts on the first level
    const std::int64_t* move_cost;       // on the second
    const std::int64_t* move_energy;     // while searching, added to the cost
    const std::int32_t* chain_before;    // the visit that must have ended before, or -1
    const std::int32_t* chain_after;
    const std::int32_t* chain_gap;       // cells between its end and our start, at least
};

}  // namespace medspa
