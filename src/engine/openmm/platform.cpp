#include "engine/openmm/platform.h"

#include <dlfcn.h>
#include <strings.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace ddmd_openmm
{

std::mutex &context_mutex()
{
    static std::mutex mutex;
    return mutex;
}

static OpenMM::Platform *find_platform(const std::string &name)
{
    for (int p = 0; p < OpenMM::Platform::getNumPlatforms(); p++) {
        OpenMM::Platform &platform = OpenMM::Platform::getPlatform(p);
        if (strcasecmp(platform.getName().c_str(), name.c_str()) == 0)
            return &platform;
    }
    return nullptr;
}

/* The folders of plugins that packages lay beside the library itself. */
static std::vector<std::string> plugin_folders()
{
    /* This one is $OPENMM_PLUGIN_DIR where that is set. */
    std::vector<std::string> folders = {OpenMM::Platform::getDefaultPluginsDirectory()};
    Dl_info library;
    if (dladdr(reinterpret_cast<void *>(&OpenMM::Platform::getNumPlatforms), &library) &&
        library.dli_fname) {
        std::string path = library.dli_fname;
        std::string folder = path.substr(0, path.find_last_of('/') + 1);
        folders.push_back(folder + "openmm/plugins");
        folders.push_back(folder + "plugins");
    }
    return folders;
}

void load_plugins()
{
    static std::once_flag once;
    std::call_once(once, [] {
        for (const std::string &folder : plugin_folders()) {
            if (find_platform("CPU"))
                return;
            try {
                OpenMM::Platform::loadPluginsFromDirectory(folder);
            } catch (const std::exception &) {
                continue; /* a folder that is not there; what is missing shows in the list */
            }
        }
    });
}

std::string platform_names()
{
    std::string names;
    for (int p = 0; p < OpenMM::Platform::getNumPlatforms(); p++)
        names += (p ? " " : "") + OpenMM::Platform::getPlatform(p).getName();
    return names;
}

static bool has_property(const OpenMM::Platform &platform, const std::string &name)
{
    const std::vector<std::string> &names = platform.getPropertyNames();
    return std::find(names.begin(), names.end(), name) != names.end();
}

/*
 * Which OpenCL device is a GPU, as (platform, device) in the order that OpenMM counts in. The
 * library is asked by itself: a Context on an OpenCL of the CPU would compile for seconds only to
 * be slower than the platform CPU.
 */
static bool find_opencl_gpu(std::string &platform_index, std::string &device_index)
{
    using get_platforms_fn = int32_t (*)(uint32_t, void **, uint32_t *);
    using get_devices_fn = int32_t (*)(void *, uint64_t, uint32_t, void **, uint32_t *);
    using get_device_info_fn = int32_t (*)(void *, uint32_t, size_t, void *, size_t *);
    constexpr uint32_t MOST = 64, DEVICE_TYPE = 0x1000;
    constexpr uint64_t TYPE_ALL = 0xFFFFFFFF, TYPE_GPU = 1 << 2;
    std::unique_ptr<void, int (*)(void *)> library(dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL),
                                                   [](void *l) { return l ? dlclose(l) : 0; });
    if (!library)
        return false;
    auto get_platforms =
        reinterpret_cast<get_platforms_fn>(dlsym(library.get(), "clGetPlatformIDs"));
    auto get_devices = reinterpret_cast<get_devices_fn>(dlsym(library.get(), "clGetDeviceIDs"));
    auto get_info = reinterpret_cast<get_device_info_fn>(dlsym(library.get(), "clGetDeviceInfo"));
    if (!get_platforms || !get_devices || !get_info)
        return false;
    void *platforms[MOST], *devices[MOST];
    uint32_t n_platforms = 0, n_devices = 0;
    if (get_platforms(MOST, platforms, &n_platforms) != 0)
        return false;
    for (uint32_t p = 0; p < std::min(n_platforms, MOST); p++) {
        if (get_devices(platforms[p], TYPE_ALL, MOST, devices, &n_devices) != 0)
            continue;
        for (uint32_t d = 0; d < std::min(n_devices, MOST); d++) {
            uint64_t type = 0;
            if (get_info(devices[d], DEVICE_TYPE, sizeof type, &type, nullptr) == 0 &&
                (type & TYPE_GPU)) {
                platform_index = std::to_string(p);
                device_index = std::to_string(d);
                return true;
            }
        }
    }
    return false;
}

/* Does a Context of one particle come up there? Fills in the name of the device. */
static bool try_platform(Choice &choice)
{
    std::lock_guard<std::mutex> lock(context_mutex());
    try {
        OpenMM::System system;
        system.addParticle(1.0);
        OpenMM::VerletIntegrator integrator(0.001);
        OpenMM::Context context(system, integrator, *choice.platform, choice.properties);
        choice.device = choice.platform->getName();
        if (has_property(*choice.platform, "DeviceName"))
            choice.device +=
                ", " + choice.platform->getPropertyValue(
                           static_cast<const OpenMM::Context &>(context), "DeviceName");
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

static bool is_gpu(const OpenMM::Platform &platform)
{
    return platform.getName() != "CPU" && platform.getName() != "Reference";
}

static void set_properties(const ddmd_engine_options &options, Choice &choice)
{
    const OpenMM::Platform &platform = *choice.platform;
    if (platform.getName() == "CPU") {
        int threads = options.threads_per_replica;
        choice.properties["Threads"] = std::to_string(threads);
        choice.device = "CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        /* With more threads, OpenMM hands out the work as they come. */
        choice.deterministic = threads == 1;
    } else {
        choice.device = platform.getName();
    }
    if (has_property(platform, "DeterministicForces"))
        choice.properties["DeterministicForces"] = "true";
    if (options.precision)
        choice.properties["Precision"] = options.precision;
}

static enum ddmd_status choose_named(const ddmd_engine_options &options, Choice &choice,
                                     ddmd_error *err)
{
    choice.platform = find_platform(options.platform);
    if (!choice.platform)
        return ddmd_error_set(err, DDMD_CONFIG,
                              "OpenMM has no platform '%.40s' here; there are: %s",
                              options.platform, platform_names().c_str());
    set_properties(options, choice);
    if (is_gpu(*choice.platform) && !try_platform(choice))
        return ddmd_error_set(err, DDMD_UNSUPPORTED,
                              "OpenMM's platform %s is installed but no device works with it here; "
                              "leave platform out to have the fastest one that does",
                              choice.platform->getName().c_str());
    return DDMD_OK;
}

static void choose_fastest(const ddmd_engine_options &options, Choice &choice)
{
    for (const char *name : {"CUDA", "OpenCL", "CPU", "Reference"}) {
        choice = Choice();
        choice.platform = find_platform(name);
        if (!choice.platform)
            continue;
        if (choice.platform->getName() == "OpenCL" &&
            !find_opencl_gpu(choice.properties["OpenCLPlatformIndex"],
                             choice.properties["DeviceIndex"]))
            continue;
        set_properties(options, choice);
        if (!is_gpu(*choice.platform) || try_platform(choice))
            return;
    }
}

enum ddmd_status choose_platform(const ddmd_engine_options &options, Choice &choice,
                                 ddmd_error *err)
{
    Choice found;
    std::string precision = options.precision ? options.precision : "mixed";
    if (precision != "single" && precision != "mixed" && precision != "double")
        return ddmd_error_set(err, DDMD_CONFIG,
                              "precision '%.20s'; OpenMM has single, mixed and double",
                              options.precision);
    if (options.platform) {
        enum ddmd_status status = choose_named(options, found, err);
        if (status != DDMD_OK)
            return status;
    } else {
        choose_fastest(options, found);
    }
    if (options.precision && !has_property(*found.platform, "Precision")) {
        return ddmd_error_set(err, DDMD_CONFIG,
                              "OpenMM's platform %s has no choice of precision; leave it out",
                              found.platform->getName().c_str());
    }
    choice = found;
    return DDMD_OK;
}

} // namespace ddmd_openmm
