// heliopost doctor --sandbox: enters the sandbox as serve does, then tries what it forbids.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "main/command.h"
#include "main/confinement.h"

namespace heliopost {

int command_doctor_sandbox(const CommonOptions& common) {
    const auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    const sandbox::Plan plan = sandbox_plan(*settings, common.config, "");
    auto measures = sandbox::confine(plan);
    measures.push_back(sandbox::seal_system_calls());
    for (sandbox::Measure& measure : sandbox::probe(plan)) {
        measure.name.insert(0, "cannot ");
        measures.push_back(std::move(measure));
    }
    const bool root = geteuid() == 0 && settings->server.user.empty();
    measures.push_back({"a user of its own", !root,
                        root ? "server.user is empty: started by root, it stays root"
                             : "serve drops root once the ports are open"});
    admin::Answer answer{"", {"measure", "in_force", "detail"}, {}};
    for (const sandbox::Measure& measure : measures)
        answer.rows.push_back({measure.name, measure.in_force, measure.detail});
    show(common, answer);
    if (!settings->server.sandbox)
        std::fprintf(stderr, "heliopost: server.sandbox is false: serve does none of this\n");
    const bool all = std::ranges::all_of(measures, &sandbox::Measure::in_force);
    return all && settings->server.sandbox ? exit_good : exit_failed;
}

}  // namespace heliopost
