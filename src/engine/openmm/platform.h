/* OpenMM's platforms: loading them once, choosing one. */
#ifndef DDMD_ENGINE_OPENMM_PLATFORM_H
#define DDMD_ENGINE_OPENMM_PLATFORM_H

#include "ddmd/engine.h"

#include <OpenMM.h>

#include <map>
#include <mutex>
#include <string>

namespace ddmd_openmm
{

/* A platform and how contexts on it are made. */
struct Choice {
    OpenMM::Platform *platform = nullptr;
    std::map<std::string, std::string> properties;
    std::string device; /* for people: "CPU, 1 thread" */
    bool deterministic = false;
};

/*
 * Held while a Context is made or destroyed: OpenMM's CPU platform keeps all contexts of the
 * process in one map without a lock.
 */
std::mutex &context_mutex();

/* Load the plugins, the first time that it is called; from any thread. */
void load_plugins();

/* "Reference CPU OpenCL" */
std::string platform_names();

/*
 * The platform that the options name, else the fastest that works here: CUDA, OpenCL on a GPU, CPU,
 * Reference. CONFIG: no such platform, or no such precision of it.
 */
enum ddmd_status choose_platform(const ddmd_engine_options &options, Choice &choice,
                                 ddmd_error *err);

} // namespace ddmd_openmm

#endif
