// arc_query SERVER FILE...: the verdict on each message's ARC chain, with libunbound asking SERVER.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "checks/arc/verify.h"
#include "vectors/resolver.h"

namespace {

using namespace heliopost;

net::Task<void> answer(net::SystemWorld* world, std::vector<std::string> files) {
    for (const std::string& file : files) {
        std::stringstream text;
        text << std::ifstream(file, std::ios::binary).rdbuf();
        const std::string message = text.str();
        const size_t end = std::min(message.find("\r\n\r\n"), message.size());
        arc_check::Verifier verifier(message.substr(0, std::min(end + 2, message.size())));
        verifier.feed(std::string_view(message).substr(std::min(end + 4, message.size())));
        net::DnsBudget dns(world->resolver(), world->after(vectors::query_time_max));
        const arc_check::Answer found = co_await verifier.finish(&dns);
        std::printf("%s\t%s\n", std::string(name_of(found.verdict)).c_str(), found.reason.c_str());
    }
    world->stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 64;
    return vectors::run_with_resolver(
        argv[1], [&](net::SystemWorld* world) { return answer(world, {argv + 2, argv + argc}); });
}
