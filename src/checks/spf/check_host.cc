#include "checks/spf/check_host.h"

#include <array>

#include "checks/spf/evaluation.h"

namespace heliopost::spf_check {

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 7> names{"none",     "neutral",   "pass",     "fail",
                                                    "softfail", "temperror", "permerror"};
    return names.at(static_cast<size_t>(verdict));
}

net::Task<Answer> check_host(net::World* world, net::DnsBudget* dns, Question question) {
    Evaluation evaluation(*world, *dns, std::move(question));
    co_return co_await evaluation.run();
}

}  // namespace heliopost::spf_check
