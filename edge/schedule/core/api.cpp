// What Python calls, by ctypes. Nothing here throws past the border: a call that fails returns null or -1.
#include <Python.h>

#include <new>

#include "search.hpp"

#if defined(_WIN32)
#define MEDSPA_API extern "C" __declspec(dllexport)
#else
#define MEDSPA_API extern "C" __attribute__((visibility("default")))
#endif

using medspa::Engine;
using medspa::Placement;
using medspa::Problem;
using medspa::Search;

namespace {

void write_choice(const Engine& engine, const Problem& p, int visit, const Placement& placement, std::int32_t* choice) {
    const int needs = p.template_first[placement.form + 1] - p.template_first[placement.form];
    for (int need = 0; need < needs; ++need)
        choice[need] = placement.choice[need] - engine.first_alternative(visit);
}

}  // namespace

MEDSPA_API Engine* medspa_new(const Problem* problem, std::uint64_t seed) {
    try {
        return new Engine(*problem, seed);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

MEDSPA_API void medspa_free(Engine* engine) { delete engine; }

MEDSPA_API void medspa_set(Engine* engine, const std::int32_t* starts, const std::int32_t* forms,
                           const std::int32_t* choices) {
    engine->set(starts, forms, choices);
}

MEDSPA_API void medspa_repair(Engine* engine) { engine->repair(); }

MEDSPA_API std::int64_t medspa_search(Engine* engine, const Search* limits) {
    try {
        return engine->search(*limits);
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

MEDSPA_API void medspa_back_to_best(Engine* engine) { engine->back_to_best(); }

// The best day found: rank and cost in `worth`, a start (-1: out), template and choices per visit.
MEDSPA_API void medspa_best(const Engine* engine, std::int64_t* worth, std::int32_t* starts, std::int32_t* forms,
                            std::int32_t* choices) {
    const Problem& p = engine->day().p;
    worth[0] = engine->best_worth().rank;
    worth[1] = engine->best_worth().cost;
    worth[2] = engine->best_worth().energy;
    for (int visit = 0; visit < p.visits; ++visit) {
        const Placement& placement = engine->best(visit);
        starts[visit] = placement.start;
        forms[visit] = placement.placed() ? placement.form - p.shape_first[p.visit_shape[visit]] : -1;
        if (placement.placed()) write_choice(*engine, p, visit, placement, choices + p.former_first[visit]);
    }
}

// What each start of a visit, from its earliest cell on, would cost now; the greatest number where it cannot start.
MEDSPA_API void medspa_offers(Engine* engine, std::int32_t visit, std::int64_t* energies, std::int32_t* forms,
                              std::int32_t* choices, std::int32_t stride) {
    const Problem& p = engine->day().p;
    const int cells = p.latest[visit] - p.earliest[visit];
    if (cells <= 0) return;
    std::vector<Placement> places(static_cast<std::size_t>(cells));
    std::fill_n(energies, cells, medspa::kNever);
    engine->insertion().offers(visit, energies, places.data());
    for (int cell = 0; cell < cells; ++cell) {
        forms[cell] = places[cell].placed() ? places[cell].form - p.shape_first[p.visit_shape[visit]] : -1;
        if (places[cell].placed())
            write_choice(*engine, p, visit, places[cell], choices + std::size_t(cell) * stride);
    }
}

// An extension module so that the package's build makes it; it offers nothing to import.
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit__core() { return PyModule_Create(&module); }
