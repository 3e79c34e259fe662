#include "net/unbound_resolver.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "net/fd_stream.h"
#include "net/openssl.h"
#include "net/test_loop.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

constexpr const char* nsd_path = "/usr/sbin/nsd";

// A port that nobody uses now.
std::uint16_t free_port() {
    TestLoop loop;
    return (*loop.world.listen(*parse_endpoint("127.0.0.1:0"), {}))->local().port;
}

// A real DNS server with one small zone on loopback, for as long as this lives.
class Nsd {
public:
    explicit Nsd(std::uint16_t port, const std::string& more_records = "") {
        write_zone(1, more_records);
        const std::string number = std::to_string(port);
        const std::string config = folder_.write(
            "nsd.conf", "server:\n  ip-address: 127.0.0.1@" + number + "\n  port: " + number +
                            "\n  username: \"\"\n  chroot: \"\"\n  server-count: 1\n  zonesdir: \"" +
                            folder_.path("") + "\"\n  database: \"\"\n  pidfile: \"" +
                            folder_.path("nsd.pid") + "\"\n  xfrdfile: \"" + folder_.path("xfrd.state") +
                            "\"\n  zonelistfile: \"" + folder_.path("zone.list") + "\"\n  xfrdir: \"" +
                            folder_.path("") + "\"\n  logfile: \"" + folder_.path("log") +
                            "\"\nremote-control:\n  control-enable: no\n"
                            "zone:\n  name: a.example\n  zonefile: a.example.zone\n");
        std::string arguments[] = {nsd_path, "-d", "-c", config};
        char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(),
                        nullptr};
        char* environment[] = {nullptr};
        posix_spawn(&process_, nsd_path, nullptr, nullptr, argv, environment);
    }
    ~Nsd() {
        if (process_ <= 0) return;
        kill(process_, SIGTERM);
        waitpid(process_, nullptr, 0);
    }
    Nsd(const Nsd&) = delete;
    Nsd& operator=(const Nsd&) = delete;

    // The zone as of then; served soon.
    void change_zone(int serial, const std::string& more_records) {
        write_zone(serial, more_records);
        kill(process_, SIGHUP);
    }

private:
    void write_zone(int serial, const std::string& more_records) {
        folder_.write("a.example.zone",
                      "$ORIGIN a.example.\n$TTL 300\n"
                      "@ SOA ns.a.example. root.a.example. " +
                          std::to_string(serial) +
                          " 3600 600 86400 60\n"
                          "@ NS ns.a.example.\nns A 127.0.0.1\n"
                          "@ MX 10 MX1.a.example.\n@ MX 20 mx2.a.example.\n"
                          "mx1 A 192.0.2.1\nmx1 AAAA 2001:db8::1\n"
                          "@ TXT \"v=spf1 \" \"-all\"\nwww CNAME mx1.a.example.\nnull MX 0 .\n" +
                          more_records);
    }

    TestFolder folder_;
    pid_t process_ = -1;
};

struct Asked {
    DnsAnswer answer;
    std::chrono::microseconds took{};
    bool stopped = false;
};

Task<void> ask(World* world, Resolver* resolver, std::string name, RecordType type,
               std::chrono::milliseconds patience, Asked* asked) {
    const Instant begin = world->tick();
    try {
        asked->answer = co_await resolver->query(std::move(name), type, world->after(patience));
    } catch (const Stopped&) {
        asked->stopped = true;
    }
    asked->took = world->tick() - begin;
}

Task<void> ask_until_up(World* world, Resolver* resolver, Asked* asked, std::string name = "ns.a.example") {
    for (int i = 0; i < 50; ++i) {
        co_await ask(world, resolver, name, RecordType::a, 1000ms, asked);
        if (asked->answer.status == DnsAnswer::Status::found) co_return;
        co_await world->sleep_until(world->after(50ms));
    }
}

UnboundOptions stub(std::uint16_t port) {
    return {.query_localhost = true,
            .extra_lines = {
                "local-zone: \"example.\" nodefault", "infra-keep-probing: yes", "infra-host-ttl: 0",
                "stub-zone:\n    name: \"a.example.\"\n    stub-addr: 127.0.0.1@" + std::to_string(port)}};
}

}  // namespace

TEST_CASE("DNS through libunbound from a real server") {
    if (access(nsd_path, X_OK) != 0) {
        MESSAGE("skipped: nsd is not installed");
        return;
    }
    const std::uint16_t port = free_port();
    const Nsd server(port);
    const auto context = UnboundContext::make(stub(port));
    REQUIRE(context.has_value());
    TestLoop loop;
    UnboundResolver resolver(loop.world, *context);
    const auto query = [&](const std::string& name, RecordType type) {
        Asked asked;
        loop.run(ask(&loop.world, &resolver, name, type, 5000ms, &asked));
        return asked.answer;
    };
    Asked up;
    loop.run(ask_until_up(&loop.world, &resolver, &up));
    REQUIRE(up.answer.status == DnsAnswer::Status::found);

    auto mx = mx_records(query("a.example", RecordType::mx));
    REQUIRE(mx.size() == 2);
    if (mx[0].preference > mx[1].preference) std::swap(mx[0], mx[1]);
    CHECK(mx[0].preference == 10);
    CHECK(mx[0].exchange == "mx1.a.example");
    CHECK(mx[1].exchange == "mx2.a.example");
    CHECK(mx_records(query("null.a.example", RecordType::mx)).front().exchange.empty());
    const DnsAnswer address = query("MX1.a.example.", RecordType::a);
    CHECK(address_records(address).front().to_string() == "192.0.2.1");
    CHECK(address.ttl > 0s);
    CHECK(address.ttl <= 300s);
    CHECK_FALSE(address.secure);
    CHECK(address_records(query("mx1.a.example", RecordType::aaaa)).front().to_string() == "2001:db8::1");
    CHECK(txt_records(query("a.example", RecordType::txt)).front() == "v=spf1 -all");
    const DnsAnswer alias = query("www.a.example", RecordType::a);
    CHECK(alias.canonical_name == "mx1.a.example");
    CHECK(address_records(alias).size() == 1);
    CHECK(query("mx2.a.example", RecordType::a).status == DnsAnswer::Status::no_name);
    CHECK(query("mx1.a.example", RecordType::txt).status == DnsAnswer::Status::no_records);
    CHECK(query(std::string(300, 'x') + ".a.example", RecordType::a).status == DnsAnswer::Status::failed);
}

TEST_CASE("DNS: what was absent is remembered, but not by who asks anew") {
    if (access(nsd_path, X_OK) != 0) {
        MESSAGE("skipped: nsd is not installed");
        return;
    }
    const std::uint16_t port = free_port();
    Nsd server(port);
    const auto context = UnboundContext::make(stub(port));
    REQUIRE(context.has_value());
    TestLoop loop;
    UnboundResolver resolver(loop.world, *context);
    Asked asked;
    loop.run(ask_until_up(&loop.world, &resolver, &asked));
    REQUIRE(asked.answer.status == DnsAnswer::Status::found);
    const auto status_of = [&](Resolver& at, const std::string& name) {
        loop.run(ask(&loop.world, &at, name, RecordType::txt, 5000ms, &asked));
        return asked.answer.status;
    };
    using Status = DnsAnswer::Status;
    const std::string keys[] = {"s1._domainkey.a.example", "mx1.a.example"};  // no name, no such record
    for (const std::string& name : keys)
        for (Resolver* at : {static_cast<Resolver*>(&resolver), &resolver.anew()})
            CHECK(status_of(*at, name) == (name == keys[0] ? Status::no_name : Status::no_records));
    server.change_zone(2, "s1._domainkey TXT \"v=DKIM1\"\nmx1 TXT \"v=DKIM1\"\nsoon A 192.0.2.3\n");
    loop.run(ask_until_up(&loop.world, &resolver.anew(), &asked, "soon.a.example"));
    REQUIRE(asked.answer.status == Status::found);
    for (const std::string& name : keys) {
        CHECK(status_of(resolver, name) != Status::found);
        CHECK(status_of(resolver.anew(), name) == Status::found);
    }
}

namespace {

void put(std::string& octets, std::uint64_t number, int count) {
    while (count-- > 0) octets += static_cast<char>(number >> (8 * count) & 0xFF);
}

std::string wire_name(std::string_view name) {
    std::string wire;
    for (const std::string_view label : split(name, '.')) {
        put(wire, label.size(), 1);
        wire += label;
    }
    return wire + '\0';
}

// A key for the zone a.example and what it signs: RFC 4034, ECDSA P-256 of RFC 6605.
class ZoneKey {
public:
    ZoneKey() : key_(EVP_EC_gen("P-256")) {
        unsigned char point[65];
        size_t size = 0;
        EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size);
        REQUIRE(size == sizeof point);
        public_.assign(reinterpret_cast<const char*>(point) + 1, 64);
        put(rdata_, 257, 2);  // zone key, secure entry point
        put(rdata_, 3, 1);
        put(rdata_, 13, 1);
        rdata_ += public_;
        std::uint32_t sum = 0;  // RFC 4034 §B
        for (size_t i = 0; i < rdata_.size(); ++i)
            sum += static_cast<std::uint32_t>(static_cast<unsigned char>(rdata_[i])) << (i % 2 == 0 ? 8 : 0);
        tag_ = static_cast<std::uint16_t>((sum + (sum >> 16)) & 0xFFFF);
    }
    std::string dnskey() const { return "DNSKEY 257 3 13 " + to_base64(public_); }
    const std::string& rdata() const { return rdata_; }

    // The RRSIG record over one record of the name.
    std::string sign(const std::string& name, const std::string& type, int number,
                     const std::string& rdata) const {
        constexpr std::uint64_t from = 1'700'000'000;   // 20231114221320
        constexpr std::uint64_t until = 2'100'000'000;  // 20360718132000
        const auto labels = std::ranges::count(name, '.') + 1;
        std::string text;
        put(text, static_cast<std::uint64_t>(number), 2);
        put(text, 13, 1);
        put(text, static_cast<std::uint64_t>(labels), 1);
        put(text, 300, 4);
        put(text, until, 4);
        put(text, from, 4);
        put(text, tag_, 2);
        text += wire_name("a.example") + wire_name(name);
        put(text, static_cast<std::uint64_t>(number), 2);
        put(text, 1, 2);
        put(text, 300, 4);
        put(text, rdata.size(), 2);
        text += rdata;
        return name + ". 300 RRSIG " + type + " 13 " + std::to_string(labels) +
               " 300 20360718132000 20231114221320 " + std::to_string(tag_) + " a.example. " +
               to_base64(signature(text)) + "\n";
    }

private:
    std::string signature(const std::string& text) const {
        const std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        unsigned char der[80];
        size_t size = sizeof der;
        const int made = EVP_DigestSign(context.get(), der, &size,
                                        reinterpret_cast<const unsigned char*>(text.data()), text.size());
        REQUIRE(made == 1);
        const unsigned char* at = der;
        const std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>> pair(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
        std::string raw(64, '\0');
        auto* const octets = reinterpret_cast<unsigned char*>(raw.data());
        BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), octets, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), octets + 32, 32);
        return raw;
    }

    KeyPtr key_;
    std::string public_;
    std::string rdata_;
    std::uint16_t tag_ = 0;
};

}  // namespace

TEST_CASE("DNS: a signed answer is secure, a forged one bogus: RFC 4035 §4.3") {
    if (access(nsd_path, X_OK) != 0) {
        MESSAGE("skipped: nsd is not installed");
        return;
    }
    using namespace std::string_literals;
    const ZoneKey key;
    const std::uint16_t port = free_port();
    const Nsd server(port, "@ " + key.dnskey() + "\n" + key.sign("a.example", "DNSKEY", 48, key.rdata()) +
                               key.sign("mx1.a.example", "A", 1, "\xC0\0\2\1"s) +
                               key.sign("ns.a.example", "A", 1, "\xC0\0\2\7"s));  // not what the zone says
    TestLoop loop;
    const auto plain = UnboundContext::make(stub(port));
    REQUIRE(plain.has_value());
    UnboundResolver first(loop.world, *plain);
    Asked up;
    loop.run(ask_until_up(&loop.world, &first, &up));
    REQUIRE(up.answer.status == DnsAnswer::Status::found);
    CHECK_FALSE(up.answer.secure);

    UnboundOptions options = stub(port);
    options.extra_lines.insert(options.extra_lines.begin(),
                               "trust-anchor: \"a.example. " + key.dnskey() + "\"");
    const auto context = UnboundContext::make(options);
    REQUIRE(context.has_value());
    UnboundResolver resolver(loop.world, *context);
    Asked asked;
    loop.run(ask(&loop.world, &resolver, "mx1.a.example", RecordType::a, 10000ms, &asked));
    CHECK(asked.answer.status == DnsAnswer::Status::found);
    CHECK(asked.answer.secure);
    loop.run(ask(&loop.world, &resolver, "ns.a.example", RecordType::a, 10000ms, &asked));
    CHECK(asked.answer.status == DnsAnswer::Status::bogus);
    CHECK(asked.answer.records.empty());
}

TEST_CASE("DNS: where a trust anchor asks for signatures, an unsigned answer is bogus and carries nothing") {
    if (access(nsd_path, X_OK) != 0) {
        MESSAGE("skipped: nsd is not installed");
        return;
    }
    const std::uint16_t port = free_port();
    const Nsd server(port);
    TestLoop loop;
    const auto plain = UnboundContext::make(stub(port));
    REQUIRE(plain.has_value());
    UnboundResolver first(loop.world, *plain);
    Asked up;
    loop.run(ask_until_up(&loop.world, &first, &up));
    REQUIRE(up.answer.status == DnsAnswer::Status::found);

    UnboundOptions options = stub(port);
    options.extra_lines.insert(options.extra_lines.begin(),
                               "trust-anchor: \"a.example. DS 12345 13 2 " + std::string(64, 'A') + "\"");
    const auto context = UnboundContext::make(options);
    REQUIRE(context.has_value());
    UnboundResolver resolver(loop.world, *context);
    Asked asked;
    loop.run(ask(&loop.world, &resolver, "mx1.a.example", RecordType::a, 10000ms, &asked));
    CHECK(asked.answer.status == DnsAnswer::Status::bogus);
    CHECK(asked.answer.records.empty());
    CHECK_FALSE(asked.answer.secure);
}

TEST_CASE("DNS: nobody answers: the deadline ends it, a stop too, and a late answer harms nobody") {
    TestLoop loop;
    // Something that takes questions and says nothing.
    const int silent = socket(AF_INET, SOCK_DGRAM, 0);
    const SocketAddress any = to_socket_address(*parse_endpoint("127.0.0.1:0"));
    REQUIRE(bind(silent, reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0);
    const auto context = UnboundContext::make(stub(local_endpoint(silent).port));
    REQUIRE(context.has_value());
    UnboundResolver resolver(loop.world, *context);
    Asked asked;
    loop.run(ask(&loop.world, &resolver, "a.example", RecordType::mx, 100ms, &asked));
    CHECK(asked.answer.status == DnsAnswer::Status::failed);
    CHECK(asked.took >= 100ms);
    CHECK(asked.took < 5s);

    TaskGroup group(loop.world, "group");
    Asked stopped;
    group.spawn(ask(&loop.world, &resolver, "b.a.example", RecordType::mx, 60s, &stopped));
    loop.run([](World* world, TaskGroup* stopping) -> Task<void> {
        co_await world->sleep_until(world->after(20ms));
        stopping->stop();
        co_await stopping->join(world->after(5s));
    }(&loop.world, &group));
    CHECK(stopped.stopped);
    ::close(silent);
}

TEST_CASE("DNS: wrong options are told") {
    const auto bad = UnboundContext::make({.upstreams = {"dns.example"}});
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().text.find("dns.example") != std::string::npos);
    CHECK_FALSE(UnboundContext::make({.upstreams = {"192.0.2.1@0"}}).has_value());
    const auto missing = UnboundContext::make({.trust_anchor_file = "/nowhere/root.key"});
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().text.find("/nowhere/root.key") != std::string::npos);
    CHECK_FALSE(UnboundContext::make({.extra_lines = {"no-such-option: 1"}}).has_value());
}

}  // namespace heliopost::net
