#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "checks/spf/check_host.h"
#include "net/memory_world.h"

namespace {

using namespace heliopost;
using namespace heliopost::spf_check;

std::string_view take(std::string_view& rest, char end) {
    const std::string_view word = rest.substr(0, rest.find(end));
    rest.remove_prefix(word.size() < rest.size() ? word.size() + 1 : rest.size());
    return word;
}

// "name type text" a line; what is none is passed over.
void publish(net::MemoryZone& zone, std::string_view lines) {
    while (!lines.empty()) {
        std::string_view line = take(lines, '\n');
        const std::string_view name = take(line, ' ');
        const std::string_view type = take(line, ' ');
        boost::system::error_code bad;
        if (name.empty()) continue;
        if (type == "TXT") zone.add_txt(name, line.substr(0, 255));
        if (type == "MX" && net::is_query_name(line)) zone.add_mx(name, 10, line);
        if (type == "PTR" && net::is_query_name(line)) zone.add_ptr(name, line);
        if (type == "CNAME" && net::is_query_name(line)) zone.add_cname(name, line);
        if (type == "A") {
            (void)boost::asio::ip::make_address(std::string(line), bad);
            if (!bad) zone.add_address(name, line);
        }
        if (type == "RAW-MX") zone.add(name, net::RecordType::mx, std::string(line));
        if (type == "RAW-PTR") zone.add(name, net::RecordType::ptr, std::string(line));
        if (type == "FAIL") zone.set_failing(name);
    }
}

net::Task<void> ask(net::World* world, Question question, Answer* answer, int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(std::chrono::seconds(20)));
    *answer = co_await check_host(world, &dns, std::move(question));
    *queries = dns.queries();
}

}  // namespace

// The first octet says who asks, the first line is the record of a.example, the others are a zone: there is a
// verdict with a reason, after no more questions than allowed, and what the domain explains is printable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 4'000) return 0;
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    net::MemoryNetwork network(1);
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    network.zone().add_txt("a.example", take(text, '\n').substr(0, 255));
    publish(network.zone(), text);
    const char* client = data[0] % 2 == 0 ? "192.0.2.7" : "2001:db8::7";
    Answer answer;
    int queries = 0;
    const bool ended = network.run(world, ask(&world,
                                              {.client = boost::asio::ip::make_address(client),
                                               .helo = data[0] % 4 < 2 ? "mx.a.example" : "[192.0.2.7]",
                                               .local_part = data[0] % 8 < 4 ? "ann" : "",
                                               .domain = "a.example",
                                               .receiver = "mx.b.example"},
                                              &answer, &queries));
    if (!ended || answer.reason.empty() || name_of(answer.verdict).empty()) std::abort();
    // Each term asks once, and then for the names that it found; the record itself and an explanation
    // besides.
    if (queries > net::DnsBudget::dns_queries_max) std::abort();
    for (const char c : answer.explanation)
        if (c < ' ' || c > '~') std::abort();
    if (!answer.explanation.empty() && answer.verdict != Verdict::fail) std::abort();
    return 0;
}
