#include "engine/openmm/build_system.h"

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace ddmd_openmm
{

constexpr size_t MAX_DEPTH = 64;

/*
 * XmlSerializer makes whatever class an element's `type` names and casts it to what its place asks
 * for, and it reads nested elements by recursion. A file may come from anyone, so that types are
 * compared with their places, and the depth is bounded, before it sees the text.
 */
class Guard
{
  public:
    explicit Guard(const char *text) : at(text)
    {
    }

    /* nullptr where the text may be read, else what is wrong with it. */
    const char *check()
    {
        while ((at = std::strchr(at, '<'))) {
            const char *wrong = nullptr;
            if (std::strncmp(at, "<!--", 4) == 0)
                wrong = skip_past("-->");
            else if (at[1] == '?')
                wrong = skip_past("?>");
            else if (at[1] == '!')
                wrong = "a document type or CDATA has no place in a System";
            else if (at[1] == '/')
                wrong = close();
            else
                wrong = open();
            if (wrong)
                return wrong;
        }
        if (!seen_root)
            return "there is no element";
        return parents.empty() ? nullptr : "the end is missing";
    }

  private:
    const char *at;
    std::vector<std::string> parents; /* the elements around what is read, from the root on */
    bool seen_root = false;

    const char *skip_past(const char *end)
    {
        at = std::strstr(at, end);
        if (!at)
            return "a comment or instruction does not end";
        at += std::strlen(end);
        return nullptr;
    }

    const char *close()
    {
        std::string name(at + 2, std::strcspn(at + 2, " \t\r\n>"));
        at += 2 + name.size();
        at += std::strspn(at, " \t\r\n");
        if (*at != '>' || parents.empty() || parents.back() != name)
            return "an element ends that did not begin";
        parents.pop_back();
        return nullptr;
    }

    static bool ends_with(const std::string &text, const char *end)
    {
        size_t n = std::strlen(end);
        return text.size() >= n && text.compare(text.size() - n, n, end) == 0;
    }

    /* Children of these are made into what their type says; of any others it is but a property. */
    bool fits(const std::string &type) const
    {
        if (parents.empty())
            return type == "System";
        const std::string &parent = parents.back();
        if (parent == "Forces" || parent == "CollectiveVariable")
            return ends_with(type, "Force") || ends_with(type, "Barostat") ||
                   ends_with(type, "Thermostat") || type == "CMMotionRemover";
        return parent != "Functions" || ends_with(type, "Function");
    }

    const char *open()
    {
        const char *name_end = at + 1 + std::strcspn(at + 1, " \t\r\n/>");
        std::string name(at + 1, name_end);
        bool root = !seen_root;
        if (root && name != "System")
            return "the root element is not <System>";
        if (!root && parents.empty())
            return "there is more than one root element";
        seen_root = true;
        int n_types = 0;
        const char *p = name_end;
        for (;;) {
            p += std::strspn(p, " \t\r\n");
            if (*p == '\0')
                return "an element does not end";
            if (*p == '>' || (*p == '/' && p[1] == '>'))
                break;
            const char *wrong = attribute(p, n_types);
            if (wrong)
                return wrong;
        }
        if (root && n_types != 1)
            return "the root element has no type=\"System\"";
        if (n_types > 1)
            return "an element has more than one type";
        bool empty = *p == '/';
        at = p + 1;
        if (parents.size() == MAX_DEPTH)
            return "elements are nested too deeply";
        if (!empty)
            parents.push_back(name);
        return nullptr;
    }

    const char *attribute(const char *&p, int &n_types) const
    {
        const char *key = p;
        p += std::strcspn(p, "= \t\r\n<>");
        size_t key_length = static_cast<size_t>(p - key);
        p += std::strspn(p, " \t\r\n");
        if (*p != '=')
            return "an attribute has no value";
        p++;
        p += std::strspn(p, " \t\r\n");
        char quote = *p;
        const char *end = quote == '"' || quote == '\'' ? std::strchr(p + 1, quote) : nullptr;
        if (!end)
            return "an attribute has no quoted value";
        if (key_length == 4 && std::memcmp(key, "type", 4) == 0) {
            n_types++;
            if (!fits(std::string(p + 1, end)))
                return "the type of an element does not fit its place";
        }
        p = end + 1;
        return nullptr;
    }
};

/* OpenMM checks the indices of its forces, but not these. */
static const char *names_missing_atoms(const OpenMM::System &system)
{
    int n = system.getNumParticles();
    auto missing = [n](int i) { return i < 0 || i >= n; };
    for (int c = 0; c < system.getNumConstraints(); c++) {
        int i, j;
        double length;
        system.getConstraintParameters(c, i, j, length);
        if (missing(i) || missing(j))
            return "a constraint";
    }
    for (int i = 0; i < n; i++) {
        if (!system.isVirtualSite(i))
            continue;
        const OpenMM::VirtualSite &site = system.getVirtualSite(i);
        for (int p = 0; p < site.getNumParticles(); p++)
            if (missing(site.getParticle(p)))
                return "a virtual site";
    }
    return nullptr;
}

static const char *refused(const OpenMM::Force &force)
{
    using namespace OpenMM;
    if (dynamic_cast<const AndersenThermostat *>(&force))
        return "AndersenThermostat";
    if (dynamic_cast<const MonteCarloBarostat *>(&force))
        return "MonteCarloBarostat";
    if (dynamic_cast<const MonteCarloAnisotropicBarostat *>(&force))
        return "MonteCarloAnisotropicBarostat";
    if (dynamic_cast<const MonteCarloMembraneBarostat *>(&force))
        return "MonteCarloMembraneBarostat";
    if (dynamic_cast<const MonteCarloFlexibleBarostat *>(&force))
        return "MonteCarloFlexibleBarostat";
    return nullptr;
}

enum ddmd_status read_system(const ddmd_system &system, std::unique_ptr<OpenMM::System> &read,
                             ddmd_error *err)
{
    const char *name = system.name ? system.name : "OpenMM System";
    const char *wrong = Guard(system.openmm_xml).check();
    if (wrong)
        return ddmd_error_set(err, DDMD_FORMAT, "%s: %s", name, wrong);
    std::unique_ptr<OpenMM::System> made;
    try {
        std::istringstream text(system.openmm_xml);
        made.reset(OpenMM::XmlSerializer::deserialize<OpenMM::System>(text));
    } catch (const std::exception &e) {
        return ddmd_error_set(err, DDMD_FORMAT, "%s: OpenMM cannot read it: %s", name, e.what());
    }
    if (made->getNumParticles() != system.n_atoms)
        return ddmd_error_set(err, DDMD_CONFIG, "%s has %d particles, but the structure %d atoms",
                              name, made->getNumParticles(), static_cast<int>(system.n_atoms));
    const char *what = names_missing_atoms(*made);
    if (what)
        return ddmd_error_set(err, DDMD_FORMAT, "%s: %s names an atom that there is not", name,
                              what);
    for (int f = 0; f < made->getNumForces(); f++) {
        const char *class_name = refused(made->getForce(f));
        if (class_name)
            return ddmd_error_set(err, DDMD_UNSUPPORTED,
                                  "%s: %s is not supported, since a restart from a frame could not "
                                  "go on with its state; write the System without it",
                                  name, class_name);
    }
    read = std::move(made);
    return DDMD_OK;
}

} // namespace ddmd_openmm
