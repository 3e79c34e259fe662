// message_query SERVER [CLIENT HELO MAIL-FROM FILE]...: all checks of each message, with libunbound asking
// SERVER. Prints the verdicts in words, "queries N", "milliseconds N" and an empty line for each.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "checks/message/check.h"
#include "vectors/resolver.h"

namespace {

using namespace heliopost;

net::Task<void> answer(net::SystemWorld* world, net::TaskGroup* tasks, std::vector<std::string> words) {
    const auto settings = std::make_shared<message_check::Settings>();
    settings->server = "mx.receiver.example";
    settings->suffixes =
        std::make_shared<const dmarc_check::PublicSuffixes>(dmarc_check::PublicSuffixes::load());
    for (size_t i = 0; i + 3 < words.size(); i += 4) {
        std::stringstream text;
        text << std::ifstream(words[i + 3], std::ios::binary).rdbuf();
        message_check::Client client{boost::asio::ip::make_address(words[i]), words[i + 1],
                                     smtp::parse_address(words[i + 2]).value_or(smtp::Address{})};
        message_check::Checker checker(world, tasks, settings, std::move(client));
        checker.feed(text.str());
        const Instant begin = world->tick();
        const message_check::Verdicts verdicts = co_await checker.finish();
        const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(world->tick() - begin);
        for (const std::string& line : verdicts.in_words()) std::printf("%s\n", line.c_str());
        std::printf("queries %d\nmilliseconds %lld\n\n", verdicts.queries,
                    static_cast<long long>(spent.count()));
    }
    world->stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 64;
    std::unique_ptr<net::TaskGroup> tasks;
    return vectors::run_with_resolver(argv[1], [&](net::SystemWorld* world) {
        tasks = std::make_unique<net::TaskGroup>(*world, "checks");
        return answer(world, tasks.get(), {argv + 2, argv + argc});
    });
}
