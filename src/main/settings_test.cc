#include "main/settings.h"

#include <doctest/doctest.h>

#include <set>

#include "main/option.h"

namespace heliopost {
namespace {

const std::string good = "[server]\nhost_name = \"mail.a.example\"\n";

}  // namespace

TEST_CASE("settings: what is given is taken, the rest has its default") {
    const auto got = parse_settings(
        good +
            "[smtp]\nlisten = [\"127.0.0.1:2525\", \"[::1]:25\"]\nmessage_octets_max = \"10MiB\"\n"
            "[relay]\nretry_first = \"90s\"\nipv6 = false\n[log]\nformat = \"json\"\n",
        "x.toml");
    REQUIRE(got.has_value());
    CHECK(got->server.host_name == "mail.a.example");
    REQUIRE(got->smtp.listen.size() == 2);
    CHECK(got->smtp.listen[0].port == 2525);
    CHECK(got->smtp.message_octets_max == 10U << 20);
    CHECK(got->relay.retry_first == std::chrono::seconds(90));
    CHECK_FALSE(got->relay.ipv6);
    CHECK(got->log.format == LogFormat::json);
    CHECK(got->imap.listen.empty());
}

TEST_CASE("settings: a mistake is told with its place and what was meant") {
    struct Case {
        std::string text;
        std::string_view want;
    };
    const Case cases[] = {
        {good + "[smtp]\nlistne = [\":25\"]\n",
         "x.toml:4:10: unknown key \"smtp.listne\"; did you mean \"smtp.listen\"?"},
        {good + "[smtp]\nlisten = \":25\"\n", "x.toml:4:10: smtp.listen: expected a list"},
        {good + "[smtp]\nlisten = [25]\n", "x.toml:4:10: smtp.listen: expected a text in quotes"},
        {good + "[smtp]\nlisten = [\"here:25\"]\n", "x.toml:4:10: smtp.listen: "},
        {good + "[relay]\nipv6 = 1\n", "x.toml:4:8: relay.ipv6: expected true or false"},
        {good + "[relay]\nretry_first = \"soon\"\n", "x.toml:4:15: relay.retry_first: expected a duration"},
        {good + "[relay]\nport = 70000\n", "x.toml:4:8: relay.port: expected a number from 1 to 65535"},
        {"host_name = \"a\"\n", "x.toml:1:13: unknown key \"host_name\" outside a [section]"},
        {"[server]\n", "x.toml: server.host_name is missing"},
        {"[server\n", "x.toml:1:"},
        {good + "[imap]\nlisten_tls = [\":993\"]\n",
         "x.toml: listen_tls is set, but tls.certificates is empty"},
        {good + "[reports]\nsend_dmarc = true\norganisation = \"A\"\n",
         "x.toml:4:14: reports.send_dmarc needs reports.organisation and reports.address"},
        {good + "[relay]\nretry_max = \"5m\"\nretry_first = \"1h\"\n",
         "x.toml:5:15: relay.retry_first is longer than relay.retry_max"},
        {good + "[smtp]\nmessage_octets_max = 1073741825\n",  // largest_message_octets_max
         "x.toml:4:22: smtp.message_octets_max: expected a size from 64KiB to 1GiB"},
        {good + "[smtp]\nmessage_octets_max = \"9999GiB\"\n",
         "x.toml:4:22: smtp.message_octets_max: expected a size from 64KiB to 1GiB"},
        {good + "[smtp]\nmessage_octets_max = 0\n",
         "x.toml:4:22: smtp.message_octets_max: expected a size from 64KiB to 1GiB"},
        {good + "[reports]\naddress = \"dmarc\"\n", "x.toml:4:11: reports.address: expected an address"},
        {good + "[reports]\norganisation = \"A\\nBcc: x\"\n",
         "x.toml:4:16: reports.organisation: expected a text of one line"},
        {good + "[tls]\ncertificates = [{ certificate = \"a\" }]\n",
         "x.toml:4:16: tls.certificates: expected"},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        const auto got = parse_settings(text, "x.toml");
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error().text.starts_with(want));
        CAPTURE(got.error().text);
    }
    CHECK(parse_settings(good + "[smtp]\nmessage_octets_max = \"1GiB\"\n", "x")->smtp.message_octets_max ==
          largest_message_octets_max);
    CHECK(parse_settings(std::string(settings_octets_max + 1, ' '), "x").error().fault == Fault::too_large);
    const auto host = [](std::size_t label, std::size_t labels) {
        std::string name = std::string(label, 'h');
        for (std::size_t i = 1; i < labels; ++i) name += "." + std::string(label, 'h');
        return parse_settings("[server]\nhost_name = \"" + name + "\"\n", "x").has_value();
    };
    CHECK(host(63, 2));
    CHECK_FALSE(host(64, 2));  // label_octets_max
    CHECK_FALSE(host(63, 5));  // main/name_octets_max: 255
    // No near name is looked for past suggested_key_octets_max.
    const auto unknown = parse_settings(good + "[smtp]\n" + std::string(50'000, 'k') + " = 1\n", "x");
    REQUIRE_FALSE(unknown.has_value());
    CHECK_FALSE(unknown.error().text.contains("did you mean"));
}

namespace {

Settings parsed(const std::string& text) {
    auto got = parse_settings(good + text, "x.toml");
    REQUIRE(got.has_value());
    return std::move(*got);
}

}  // namespace

TEST_CASE("settings: what is read again takes effect at once, or is named") {
    using Keys = std::vector<std::string>;
    struct Case {
        std::string before, after;
        Keys at_once, after_restart;
    };
    const std::string a = "[tls]\ncertificates = [{ certificate = \"a\", key = \"b\" }]\n";
    const std::string b = "[tls]\ncertificates = [{ certificate = \"c\", key = \"d\" }]\n";
    const std::string smart = "[relay]\nsmart_host = \"one:587\"\n";
    const Case cases[] = {
        {"", "", {}, {}},
        {"[log]\nlevel = \"info\"\n", "", {}, {}},  // the default
        {"", "[log]\nlevel = \"debug\"\nformat = \"json\"\n", {"log.format", "log.level"}, {}},
        {"[smtp]\nlisten = [\":25\"]\n",
         "[smtp]\nlisten = [\":26\"]\nrecipients_max = 200\nconnections_max = 7\n",
         {"smtp.connections_max", "smtp.recipients_max"},
         {"smtp.listen"}},
        {"", "threads = 3\n[relay]\nhelo_name = \"x\"\n", {}, {"server.threads", "relay.helo_name"}},
        {"",
         "scrub_pace = \"1MiB\"\nscrub_interval = \"1d\"\n",
         {},
         {"server.scrub_pace", "server.scrub_interval"}},
        {a, b, {"tls.certificates"}, {}},
        {"", b, {}, {"tls.certificates"}},
        {a, "", {}, {"tls.certificates"}},
        {"", smart, {}, {"relay.smart_host"}},
        {smart, "", {}, {"relay.smart_host"}},
        {smart, "[relay]\nsmart_host = \"two:587\"\n", {"relay.smart_host"}, {}},
        // A password never goes to a host that it does not stand with.
        {smart,
         "[relay]\nsmart_host = \"two:465\"\nsmart_host_tls_from_start = true\nuser = \"u\"\npassword = "
         "\"p\"\n"
         "ipv6 = false\nport = 26\n",
         {"relay.ipv6"},
         {"relay.smart_host", "relay.smart_host_tls_from_start", "relay.user", "relay.password",
          "relay.port"}},
    };
    for (const auto& [before, after, at_once, after_restart] : cases) {
        CAPTURE(before);
        CAPTURE(after);
        Settings running = parsed(before);
        const Settings read = parsed(after);
        const Changes changes = take_over(running, read);
        CHECK(changes.at_once == at_once);
        CHECK(changes.after_restart == after_restart);
        // What is done is not told again; what waits is.
        CHECK(take_over(running, read) == Changes{.at_once = {}, .after_restart = after_restart});
    }
}

TEST_CASE("settings: durations and sizes") {
    CHECK(parse_duration("5d") == std::chrono::seconds(432'000));
    for (const std::string_view bad : {"", "5", "d", "-1s", "0s", "366d", "99999999999999999999s"})
        CHECK_FALSE(parse_duration(bad).has_value());
    CHECK(parse_octets("1GiB") == std::uint64_t{1} << 30);
    for (const std::string_view bad : {"", "1", "GiB", "1GB", "99999999999TiB"})
        CHECK_FALSE(parse_octets(bad).has_value());
}

TEST_CASE("settings: every key of the reference is explained once") {
    std::set<std::string_view> keys;
    for (const OptionReference& option : option_reference()) {
        CHECK(keys.insert(option.key).second);
        CHECK_FALSE(option.meaning.empty());
    }
}

TEST_CASE("settings: [dkim], and what it refuses") {
    using namespace std::chrono_literals;
    const auto dkim = [&](const std::string& line) { return parse_settings(good + "[dkim]\n" + line, "f"); };
    const auto plain = dkim("");
    REQUIRE(plain.has_value());
    CHECK(plain->dkim.sign);
    CHECK(plain->dkim.rotate_after == 0s);
    CHECK(plain->dkim.overlap == 7 * 24h);
    CHECK(plain->dkim.fields == dkim_check::usual_fields());
    CHECK(server_key_file(plain->server) == "/var/lib/heliopost/server.key");
    const auto all = dkim(
        "rotate_after = \"180d\"\noverlap = \"14d\"\nfields = [\"From\", \"Subject\"]\nsign = false\n"
        "unsigned_domains = [\"Bücher.example\"]\nseal_forwarded = false\n");
    REQUIRE(all.has_value());
    CHECK(all->dkim.rotate_after == 180 * 24h);
    CHECK(all->dkim.fields.size() == 2);
    CHECK(all->dkim.unsigned_domains == std::vector<std::string>{"xn--bcher-kva.example"});
    for (const char* wrong :
         {"fields = [\"To\"]", "fields = [\"From\", \"A:\"]", "fields = [\"From\", \"A B\"]",
          "fields = [\"From\", \"\"]", "fields = [\"From\", \"A;\"]", "rotate_after = \"0d\"",
          "overlap = \"0\"", "rotate_after = 0"}) {
        CAPTURE(wrong);
        CHECK_FALSE(dkim(wrong).has_value());
    }
}

TEST_CASE("settings: a data directory has a name, and the admin socket one that a socket can have") {
    const auto read = [](const std::string& line) { return parse_settings(good + line + "\n", "x.toml"); };
    const auto nowhere = read("data_directory = \"\"");
    REQUIRE_FALSE(nowhere.has_value());
    CHECK(nowhere.error().text.contains("data_directory: expected the name of a directory"));
    const std::string longest = "/" + std::string(106, 's');
    CHECK(read("admin_socket = \"" + longest + "\"").has_value());
    CHECK(read("admin_socket = \"\"").has_value());
    CHECK_FALSE(read("admin_socket = \"" + longest + "s\"").has_value());
}

TEST_CASE("settings: a mistake in [reports] or [dkim] is told with its line and what was meant") {
    struct Case {
        std::string text;
        std::string_view want;  // behind "x.toml:4:"
    };
    const std::string who = "\norganisation = \"A\"\naddress = \"d@a.example\"\n";
    const Case cases[] = {
        {"[reports]\nsend_dmarc = \"yes\"\n", "14: reports.send_dmarc: expected true or false"},
        {"[reports]\nsend_dmarc = true\norganisation = \"A\"\n", "14: reports.send_dmarc needs"},
        {"[reports]\nsend_dmarc = true\naddress = \"d@a.example\"\n", "14: reports.send_dmarc needs"},
        {"[reports]\nsend_dmarc = true" + who + "[checks]\nenabled = false\n",
         "14: reports.send_dmarc needs checks.enabled"},
        {"[reports]\norganisation = 7\n", "16: reports.organisation: expected a text in quotes"},
        {"[reports]\naddress = \"Ann <d@a.example>\"\n", "11: reports.address: expected an address"},
        {"[reports]\naddress = [\"d@a.example\"]\n", "11: reports.address: expected a text in quotes"},
        {"[reports]\naddresses = \"d@a.example\"\n", "13: reports.addresses: expected a list"},
        {"[reports]\naddresses = [\"d@a.example\", 5]\n", "13: reports.addresses: expected a text in quotes"},
        {"[reports]\naddresses = [\"d\"]\n", "13: reports.addresses: \"d\": expected an address"},
        {"[reports]\naddresses = [\"\"]\n", "13: reports.addresses: \"\": expected an address"},
        {"[reports]\naddresses = [\"d@[192.0.2.1]\"]\n",
         "13: reports.addresses: \"d@[192.0.2.1]\": expected"},
        {"[reports]\nkeep = 90\n", "8: reports.keep: expected a text in quotes"},
        {"[reports]\nkeep = \"90\"\n", "8: reports.keep: expected a duration like"},
        {"[reports]\nkeep = \"0d\"\n", "8: reports.keep: expected a duration like"},
        {"[reports]\nkeep = \"400d\"\n", "8: reports.keep: expected a duration like"},
        {"[reports]\nkeep = \"23h\"\n", "8: reports.keep: expected a duration of at least 1d"},
        {"[reports]\nadresses = []\n",
         "12: unknown key \"reports.adresses\"; did you mean \"reports.addresses\"?"},
        {"[dkim]\nfields = [\"To\"]\n", "10: dkim.fields: \"From\" must be among them"},
        {"[dkim]\nfields = [\"From\", \"A B\"]\n", "10: dkim.fields: \"A B\" is no name of a field"},
        {"[dkim]\nunsigned_domains = [\"a b\"]\n", "20: dkim.unsigned_domains: "},
        {"[dkim]\nrotate_after = 0\n", "16: dkim.rotate_after: expected a text in quotes"},
        {"[dkim]\noverlap = \"0\"\n", "11: dkim.overlap: expected a duration like"},
        {"[dkim]\nsign = 1\n", "8: dkim.sign: expected true or false"},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        const auto got = parse_settings(good + text, "x.toml");
        REQUIRE_FALSE(got.has_value());
        CHECK_MESSAGE(got.error().text.starts_with("x.toml:4:" + std::string(want)), got.error().text);
    }
    CHECK(parsed("[reports]\nkeep = \"1d\"\nsend_dmarc = true" + who).reports.keep == std::chrono::hours(24));
}

}  // namespace heliopost
