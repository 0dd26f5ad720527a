/*
 * Engine openmm: one OpenMM Context a replica. No exception leaves this file: every entry runs
 * inside guarded().
 */
#include "ddmd/random.h"
#include "engine/engine_ops.h"
#include "engine/openmm/build_system.h"
#include "engine/openmm/kinetic_energy.h"
#include "engine/openmm/platform.h"

#include <algorithm>
#include <cctype>
#include <climits>
#include <cmath>
#include <cstdio>
#include <new>
#include <vector>

namespace
{

using namespace ddmd_openmm;

/* Up to so many atoms, energies are asked of the Reference platform, which computes in double. */
constexpr int32_t MAX_REFERENCE_ATOMS = 20000;

/* OpenMM's own default, 1e-5, shows in the energy conservation of small molecules. */
constexpr double CONSTRAINT_TOLERANCE = 1e-6;

/* A Context with the integrator that it refers to. */
class Simulation
{
  public:
    Simulation(const OpenMM::System &system, std::unique_ptr<OpenMM::Integrator> with,
               const Choice &choice)
        : integrator(std::move(with))
    {
        std::lock_guard<std::mutex> lock(context_mutex());
        context = std::make_unique<OpenMM::Context>(system, *integrator, *choice.platform,
                                                    choice.properties);
    }

    ~Simulation()
    {
        std::lock_guard<std::mutex> lock(context_mutex());
        context.reset();
    }

    Simulation(const Simulation &) = delete;
    Simulation &operator=(const Simulation &) = delete;

    OpenMM::Context &operator*()
    {
        return *context;
    }

    OpenMM::Context *operator->()
    {
        return context.get();
    }

    void step(int64_t n)
    {
        for (; n > 0; n -= INT_MAX)
            integrator->step(static_cast<int>(std::min<int64_t>(n, INT_MAX)));
    }

  private:
    std::unique_ptr<OpenMM::Integrator> integrator;
    std::unique_ptr<OpenMM::Context> context;
};

/* What read() gives; taken at the start and at the end of every advance. */
struct Frame {
    uint64_t step = 0;
    std::vector<float> positions, velocities;
    double potential = 0, kinetic = 0;
};

struct Replica {
    std::unique_ptr<Simulation> simulation;
    Frame frame;
};

struct Engine {
    const ddmd_system *source = nullptr;
    uint64_t seed = 0;
    double friction = 0, timestep = 0, tolerance = 0; /* 1/ps, ps, relative */
    Choice choice, energy_choice;
    bool has_virtual_sites = false;
    /* Systems outlive the contexts on them. */
    std::unique_ptr<OpenMM::System> system, energy_system;
    std::unique_ptr<Simulation> energy;
    std::vector<Replica> replicas;
};

bool says_nan(const char *message)
{
    std::string text = message;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return text.find("is nan") != std::string::npos ||
           text.find("infinite or nan") != std::string::npos;
}

/* Run body; NUMERIC where OpenMM met NaN, EXTERNAL where it fails otherwise. */
template <typename Body> enum ddmd_status guarded(ddmd_error *err, Body body)
{
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return ddmd_error_set(err, DDMD_NOMEM, "out of memory inside OpenMM");
    } catch (const std::exception &e) {
        return ddmd_error_set(err, says_nan(e.what()) ? DDMD_NUMERIC : DDMD_EXTERNAL, "%s",
                              e.what());
    } catch (...) {
        return ddmd_error_set(err, DDMD_EXTERNAL, "OpenMM threw an unknown exception");
    }
}

template <typename Number> std::vector<OpenMM::Vec3> to_vec3(const Number *values, size_t n)
{
    std::vector<OpenMM::Vec3> to(n);
    for (size_t i = 0; i < n; i++)
        to[i] = OpenMM::Vec3(values[3 * i], values[3 * i + 1], values[3 * i + 2]);
    return to;
}

template <typename Number> void from_vec3(const std::vector<OpenMM::Vec3> &from, Number *to)
{
    for (size_t i = 0; i < from.size(); i++)
        for (int x = 0; x < 3; x++)
            to[3 * i + static_cast<size_t>(x)] = static_cast<Number>(from[i][x]);
}

std::unique_ptr<OpenMM::Integrator> make_integrator(const Engine &engine,
                                                    const ddmd_engine_start &start)
{
    std::unique_ptr<OpenMM::Integrator> made;
    if (engine.friction > 0) {
        auto langevin = std::make_unique<OpenMM::LangevinMiddleIntegrator>(
            start.temperature_kelvin, engine.friction, engine.timestep);
        ddmd_random random;
        ddmd_random_init(&random, engine.seed, DDMD_RANDOM_ENGINE, start.simulation_id,
                         start.first_step);
        /* 0 would have OpenMM choose a seed by itself. */
        langevin->setRandomNumberSeed(1 + static_cast<int>(ddmd_random_below(&random, INT_MAX)));
        made = std::move(langevin);
    } else {
        made = std::make_unique<OpenMM::VerletIntegrator>(engine.timestep);
    }
    made->setConstraintTolerance(engine.tolerance);
    return made;
}

/* Under NVE OpenMM brings the velocities to the time of the positions and constrains them anew. */
double kinetic_of(const Engine &engine, const OpenMM::State &state)
{
    return engine.friction > 0
               ? kinetic_energy_of(*engine.system, state.getPositions(), state.getVelocities())
               : state.getKineticEnergy();
}

enum ddmd_status check_energies(uint64_t step, double potential, double kinetic, ddmd_error *err)
{
    if (std::fabs(potential) <= DDMD_ENGINE_ENERGY_LIMIT && kinetic <= DDMD_ENGINE_ENERGY_LIMIT)
        return DDMD_OK;
    return ddmd_error_set(err, DDMD_NUMERIC,
                          "at step %llu the potential energy is %g and the kinetic energy %g "
                          "kJ/mol",
                          static_cast<unsigned long long>(step), potential, kinetic);
}

enum ddmd_status openmm_create(const ddmd_system *system, const ddmd_engine_options *options,
                               int n_replicas, void **self, ddmd_error *err)
{
    return guarded(
        err, [&]() -> enum ddmd_status {
            load_plugins();
            auto engine = std::make_unique<Engine>();
            engine->source = system;
            engine->seed = options->seed;
            engine->friction = options->friction_per_ps;
            engine->timestep = options->timestep_fs * 1e-3;
            engine->tolerance = options->constraint_tolerance > 0 ? options->constraint_tolerance
                                                                  : CONSTRAINT_TOLERANCE;
            enum ddmd_status status = choose_platform(*options, engine->choice, err);
            if (status != DDMD_OK)
                return status;
            engine->energy_choice = engine->choice;
            if (!options->platform && system->n_atoms <= MAX_REFERENCE_ATOMS) {
                engine->energy_choice = Choice();
                engine->energy_choice.platform = &OpenMM::Platform::getPlatformByName("Reference");
            }
            if (system->openmm_xml) {
                status = read_system(*system, engine->system, err);
                if (status != DDMD_OK)
                    return status;
            } else {
                engine->system = build_system(*system);
            }
            for (int i = 0; i < engine->system->getNumParticles(); i++)
                engine->has_virtual_sites |= engine->system->isVirtualSite(i);
            engine->replicas.resize(static_cast<size_t>(n_replicas));
            *self = engine.release();
            return DDMD_OK;
        });
}

void openmm_destroy(void *self)
{
    delete static_cast<Engine *>(self);
}

enum ddmd_status openmm_start(void *self, int index, const ddmd_engine_start *start,
                              ddmd_error *err)
{
    return guarded(
        err, [&]() -> enum ddmd_status {
            auto &engine = *static_cast<Engine *>(self);
            size_t n = static_cast<size_t>(engine.source->n_atoms);
            /* A new context: its random numbers and neighbour lists know nothing of an earlier one.
             */
            Replica made;
            made.simulation = std::make_unique<Simulation>(
                *engine.system, make_integrator(engine, *start), engine.choice);
            Simulation &simulation = *made.simulation;
            simulation->setStepCount(static_cast<long long>(start->first_step));
            simulation->setTime(static_cast<double>(start->first_step) * engine.timestep);
            simulation->setPositions(to_vec3(start->positions, n));
            simulation->setVelocities(to_vec3(start->velocities, n));
            if (engine.has_virtual_sites)
                simulation->computeVirtualSites();
            OpenMM::State state = simulation->getState(
                OpenMM::State::Positions | OpenMM::State::Velocities | OpenMM::State::Energy);
            made.frame.step = start->first_step;
            made.frame.positions.assign(start->positions, start->positions + 3 * n);
            made.frame.velocities.assign(start->velocities, start->velocities + 3 * n);
            made.frame.potential = state.getPotentialEnergy();
            made.frame.kinetic = kinetic_of(engine, state);
            enum ddmd_status status =
                check_energies(made.frame.step, made.frame.potential, made.frame.kinetic, err);
            if (status == DDMD_OK)
                engine.replicas[static_cast<size_t>(index)] = std::move(made);
            return status;
        });
}

void openmm_stop(void *self, int index)
{
    auto &engine = *static_cast<Engine *>(self);
    engine.replicas[static_cast<size_t>(index)].simulation.reset();
}

enum ddmd_status advance_replica(const Engine &engine, Replica &replica, int64_t n_steps,
                                 ddmd_error *err)
{
    return guarded(
        err, [&]() -> enum ddmd_status {
            Simulation &simulation = *replica.simulation;
            simulation.step(n_steps);
            OpenMM::State state = simulation->getState(
                OpenMM::State::Positions | OpenMM::State::Velocities | OpenMM::State::Energy);
            Frame &frame = replica.frame;
            frame.step += static_cast<uint64_t>(n_steps);
            frame.potential = state.getPotentialEnergy();
            frame.kinetic = kinetic_of(engine, state);
            from_vec3(state.getPositions(), frame.positions.data());
            from_vec3(state.getVelocities(), frame.velocities.data());
            return check_energies(frame.step, frame.potential, frame.kinetic, err);
        });
}

enum ddmd_status openmm_advance(void *self, const bool *running, int64_t n_steps,
                                void (*failed)(void *user, int replica, const char *reason),
                                void *user, ddmd_error *err)
{
    auto &engine = *static_cast<Engine *>(self);
    for (size_t r = 0; r < engine.replicas.size(); r++) {
        if (!running[r])
            continue;
        ddmd_error reason = {};
        enum ddmd_status status = advance_replica(engine, engine.replicas[r], n_steps, &reason);
        if (status == DDMD_NUMERIC) {
            openmm_stop(self, static_cast<int>(r));
            failed(user, static_cast<int>(r), reason.message);
        } else if (status != DDMD_OK) {
            return ddmd_error_set(err, status, "replica %zu: %s", r, reason.message);
        }
    }
    return DDMD_OK;
}

enum ddmd_status openmm_read(void *self, int index, ddmd_engine_frame *to, ddmd_error *err)
{
    (void)err;
    const Frame &frame = static_cast<Engine *>(self)->replicas[static_cast<size_t>(index)].frame;
    to->step = frame.step;
    to->potential_energy = frame.potential;
    to->kinetic_energy = frame.kinetic;
    if (to->positions)
        std::copy(frame.positions.begin(), frame.positions.end(), to->positions);
    if (to->velocities)
        std::copy(frame.velocities.begin(), frame.velocities.end(), to->velocities);
    return DDMD_OK;
}

/* The terms of energies come from force groups, which would slow the replicas' contexts down. */
void make_energy_simulation(Engine &engine)
{
    auto grouped = std::make_unique<OpenMM::System>();
    grouped.reset(OpenMM::XmlSerializer::clone(*engine.system));
    for (int f = 0; f < grouped->getNumForces(); f++) {
        OpenMM::Force &force = grouped->getForce(f);
        force.setForceGroup(term_of(*engine.source, force));
        if (auto *nonbonded = dynamic_cast<OpenMM::NonbondedForce *>(&force))
            nonbonded->setReciprocalSpaceForceGroup(-1); /* where the rest of it is */
    }
    auto integrator = std::make_unique<OpenMM::VerletIntegrator>(engine.timestep);
    engine.energy =
        std::make_unique<Simulation>(*grouped, std::move(integrator), engine.energy_choice);
    engine.energy_system = std::move(grouped);
}

enum ddmd_status openmm_energy(void *self, const double *positions, ddmd_energy *energy,
                               double *forces, ddmd_error *err)
{
    return guarded(
        err, [&]() -> enum ddmd_status {
            auto &engine = *static_cast<Engine *>(self);
            size_t n = static_cast<size_t>(engine.source->n_atoms);
            if (!engine.energy)
                make_energy_simulation(engine);
            Simulation &simulation = *engine.energy;
            simulation->setPositions(to_vec3(positions, n));
            if (engine.has_virtual_sites)
                simulation->computeVirtualSites();
            bool used[N_TERMS] = {};
            for (int f = 0; f < engine.energy_system->getNumForces(); f++)
                used[engine.energy_system->getForce(f).getForceGroup()] = true;
            double terms[N_TERMS] = {};
            std::vector<OpenMM::Vec3> sum(n);
            for (int t = 0; t < N_TERMS; t++) {
                if (!used[t])
                    continue;
                OpenMM::State state = simulation->getState(
                    OpenMM::State::Energy | (forces ? OpenMM::State::Forces : 0), false, 1 << t);
                terms[t] = state.getPotentialEnergy();
                for (size_t i = 0; forces && i < n; i++)
                    sum[i] += state.getForces()[i];
            }
            ddmd_energy found = {};
#define DDMD_OPENMM_TAKE(name)       \
    found.name = terms[TERM_##name]; \
    found.total += found.name;
            DDMD_ENERGY_TERM_MAP(DDMD_OPENMM_TAKE)
#undef DDMD_OPENMM_TAKE
            if (std::isnan(found.total))
                return ddmd_error_set(err, DDMD_NUMERIC,
                                      "the energy is not a number; do atoms stand in one place?");
            *energy = found;
            if (forces)
                from_vec3(sum, forces);
            return DDMD_OK;
        });
}

enum ddmd_status openmm_minimize(void *self, double *positions, double tolerance,
                                 int max_iterations, ddmd_error *err)
{
    return guarded(
        err, [&]() -> enum ddmd_status {
            auto &engine = *static_cast<Engine *>(self);
            size_t n = static_cast<size_t>(engine.source->n_atoms);
            auto integrator = std::make_unique<OpenMM::VerletIntegrator>(engine.timestep);
            integrator->setConstraintTolerance(engine.tolerance);
            Simulation simulation(*engine.system, std::move(integrator), engine.choice);
            simulation->setPositions(to_vec3(positions, n));
            if (engine.has_virtual_sites)
                simulation->computeVirtualSites();
            OpenMM::LocalEnergyMinimizer::minimize(*simulation, tolerance, max_iterations);
            simulation->applyConstraints(engine.tolerance);
            OpenMM::State state =
                simulation->getState(OpenMM::State::Positions | OpenMM::State::Energy);
            double energy = state.getPotentialEnergy();
            if (!std::isfinite(energy))
                return ddmd_error_set(err, DDMD_NUMERIC,
                                      "the energy after minimisation is %g kJ/mol", energy);
            from_vec3(state.getPositions(), positions);
            return DDMD_OK;
        });
}

bool openmm_probe(char *detail, size_t size, const char **unavailable)
{
    *unavailable = "OpenMM is installed but does not work; reinstall libopenmm-plugins";
    return guarded(
               nullptr, [&]() -> enum ddmd_status {
                   load_plugins();
                   std::snprintf(detail, size, "OpenMM %s, platforms %s",
                                 OpenMM::Platform::getOpenMMVersion().c_str(),
                                 platform_names().c_str());
                   *unavailable = nullptr;
                   return DDMD_OK;
               }) == DDMD_OK;
}

const char *openmm_device(const void *self)
{
    return static_cast<const Engine *>(self)->choice.device.c_str();
}

constexpr unsigned CAPABILITIES = DDMD_ENGINE_DETERMINISTIC | DDMD_ENGINE_IMPLICIT_SOLVENT |
                                  DDMD_ENGINE_CONSTRAINTS | DDMD_ENGINE_OPENMM_XML |
                                  DDMD_ENGINE_PERIODIC;

unsigned openmm_capabilities(const void *self)
{
    bool deterministic = static_cast<const Engine *>(self)->choice.deterministic;
    return deterministic ? CAPABILITIES
                         : CAPABILITIES & ~static_cast<unsigned>(DDMD_ENGINE_DETERMINISTIC);
}

} // namespace

const ddmd_engine_ops ddmd_engine_openmm = {
    .api_version = DDMD_ENGINE_API_VERSION,
    .name = "openmm",
    .summary = "OpenMM: any system, on CUDA, OpenCL or CPU",
    .capabilities = CAPABILITIES,
    .create = openmm_create,
    .destroy = openmm_destroy,
    .start = openmm_start,
    .advance = openmm_advance,
    .read = openmm_read,
    .energy = openmm_energy,
    .minimize = openmm_minimize,
    .stop = openmm_stop,
    .probe = openmm_probe,
    .device = openmm_device,
    .self_capabilities = openmm_capabilities,
};
