// spf_query SERVER: check_host() for each line of standard input, "client TAB helo TAB local part TAB
// domain", with libunbound asking SERVER ("127.0.0.1@5353"). Prints "verdict TAB explanation TAB reason".
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/text.h"
#include "checks/spf/check_host.h"
#include "vectors/resolver.h"

namespace {

using namespace heliopost;

net::Task<void> answer(net::SystemWorld* world, std::vector<std::string> lines) {
    for (const std::string& line : lines) {
        const auto words = split(line, '\t');
        spf_check::Question question{.client = boost::asio::ip::make_address(std::string(words.at(0))),
                                     .helo = std::string(words.at(1)),
                                     .local_part = std::string(words.at(2)),
                                     .domain = std::string(words.at(3)),
                                     .receiver = "mx.receiver.example"};
        net::DnsBudget dns(world->resolver(), world->after(vectors::query_time_max));
        const spf_check::Answer found = co_await spf_check::check_host(world, &dns, std::move(question));
        std::printf("%s\t%s\t%s\n", std::string(name_of(found.verdict)).c_str(), found.explanation.c_str(),
                    found.reason.c_str());
    }
    world->stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 64;
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);) lines.push_back(line);
    return vectors::run_with_resolver(
        argv[1], [&](net::SystemWorld* world) { return answer(world, std::move(lines)); });
}
