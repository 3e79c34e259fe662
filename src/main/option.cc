#include "main/option.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "main/option_access.h"
#include "main/option_text.h"

namespace heliopost {
namespace {

Result<LogFormat> log_format_of(const toml::node& node) {
    const std::string word = TRY(text_of(node));
    if (word != "logfmt" && word != "json") return fail(Fault::syntax, "expected \"logfmt\" or \"json\"");
    return word == "json" ? LogFormat::json : LogFormat::logfmt;
}

Result<LogLevel> log_level_of(const toml::node& node) {
    const std::string word = TRY(text_of(node));
    for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error})
        if (word == to_string(level)) return level;
    return fail(Fault::syntax, "expected \"debug\", \"info\", \"warning\" or \"error\"");
}

Result<std::vector<net::CertificateFiles>> certificates_of(const toml::node& node) {
    constexpr std::string_view form = "expected a list of { certificate = \"FILE\", key = \"FILE\" }";
    const toml::array* array = node.as_array();
    if (array == nullptr) return fail(Fault::syntax, std::string(form));
    std::vector<net::CertificateFiles> certificates;
    for (const toml::node& item : *array) {
        const toml::table* table = item.as_table();
        if (table == nullptr || table->size() != 2) return fail(Fault::syntax, std::string(form));
        const toml::node* certificate = table->get("certificate");
        const toml::node* key = table->get("key");
        if (certificate == nullptr || key == nullptr) return fail(Fault::syntax, std::string(form));
        certificates.push_back({TRY(text_of(*certificate)), TRY(text_of(*key))});
    }
    return certificates;
}

Result<std::vector<net::IpAddress>> addresses_of(const toml::node& node) {
    std::vector<net::IpAddress> addresses;
    for (const std::string& word : TRY(texts_of(node))) {
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address(word, error);
        if (error) return fail(Fault::syntax, "\"" + word + "\" is no IP address");
        addresses.push_back(address);
    }
    return addresses;
}

void add_listeners(std::vector<Option>& table, auto section, const std::array<std::string_view, 4>& keys,
                   std::string_view clear, std::string_view tls) {
    using Section = std::remove_cvref_t<decltype(std::declval<Settings>().*section)>;
    const auto base = section;
    if (!keys[0].empty())
        table.push_back({{keys[0], "list of addresses", clear, "where to listen; the client may start TLS"},
                         endpoints<Section, ListenSettings>(base, &ListenSettings::listen)});
    if (!keys[1].empty())
        table.push_back({{keys[1], "list of addresses", tls, "where to listen with TLS from the first octet"},
                         endpoints<Section, ListenSettings>(base, &ListenSettings::listen_tls)});
    table.push_back({{keys[2], "number", "20000", "connections at once"},
                     number<Section, ListenSettings>(base, &ListenSettings::connections_max, 1, 1'000'000)});
    table.push_back(
        {{keys[3], "number", "100", "connections at once from one IPv4 address or IPv6 /64"},
         number<Section, ListenSettings>(base, &ListenSettings::connections_per_address_max, 1, 1'000'000)});
}

Result<std::vector<std::string>> resolvers_of(const toml::node& node) {
    auto servers = TRY(texts_of(node));
    for (const std::string& server : servers)
        if (!is_resolver(server))
            return fail(Fault::syntax,
                        "\"" + server + "\": expected an address: 192.0.2.53 or 192.0.2.53@5353");
    return servers;
}

Result<std::string> directory_of(const toml::node& node) {
    auto name = TRY(text_of(node));
    if (name.empty()) return fail(Fault::syntax, "expected the name of a directory");
    return name;
}

// Empty: none.
Result<std::string> socket_of(const toml::node& node) {
    constexpr std::size_t longest = 107;  // sockaddr_un::sun_path, unix(7)
    auto path = TRY(text_of(node));
    if (path.size() > longest) return fail(Fault::syntax, "expected a path of at most 107 octets");
    return path;
}

void add_server_options(std::vector<Option>& t) {
    using S = Settings;
    using Server = ServerSettings;
    t.push_back(
        {{"server.host_name", "text", "", "the name in greetings and trace fields: mail.example.org"},
         text_like(&S::server, &Server::host_name, is_host_name, "the name of a host: mail.example.org")});
    t.push_back({{"server.data_directory", "directory", "\"/var/lib/heliopost\"",
                  "the store; owned by the server's user"},
                 access(&S::server, &Server::data_directory, directory_of)});
    t.push_back({{"server.admin_socket", "path", "\"/run/heliopost/admin.sock\"",
                  "where the commands reach the server"},
                 access(&S::server, &Server::admin_socket, socket_of)});
    t.push_back({{"server.user", "text", "\"\"", "the user to become once the ports are open; empty: none"},
                 text(&S::server, &Server::user)});
    t.push_back({{"server.key_file", "path", "\"\"",
                  "the server key, which seals the secrets in the store; empty: server.key in the data "
                  "directory. A backup does not hold it: keep a copy elsewhere"},
                 text(&S::server, &Server::key_file)});
    t.push_back({{"server.sandbox", "flag", "true",
                  "give up paths, ports and system calls that a mail server does not need"},
                 flag(&S::server, &Server::sandbox)});
    t.push_back({{"server.threads", "number", "0", "network threads; 0 is one a core"},
                 number(&S::server, &Server::threads, 0, 1024)});
    t.push_back({{"server.disk_reserve", "size", "0",
                  "new mail gets 452 below it; 0 is 2 % of the disk, at least 1GiB"},
                 octets(&S::server, &Server::disk_reserve)});
    t.push_back({{"server.cache", "size", "\"256MiB\"", "memory for the store's cache"},
                 octets(&S::server, &Server::cache)});
    t.push_back({{"server.scrub_pace", "size", "\"8MiB\"",
                  "how much of the store is read again a second, to find damage; 0: none"},
                 octets(&S::server, &Server::scrub_pace)});
    t.push_back({{"server.scrub_interval", "duration", "\"7d\"",
                  "from the beginning of one walk over the whole store to the next one's"},
                 duration(&S::server, &Server::scrub_interval)});
    t.push_back({{"log.format", "text", "\"logfmt\"", "\"logfmt\" or \"json\""},
                 access(&S::log, &LogSettings::format, log_format_of)});
    t.push_back({{"log.level", "text", "\"info\"", "\"debug\", \"info\", \"warning\" or \"error\""},
                 access(&S::log, &LogSettings::level, log_level_of)});
    t.push_back({{"tls.certificates", "list of tables", "[]",
                  "{ certificate = \"FILE\", key = \"FILE\" }; the first is the default"},
                 access(&S::tls, &TlsSettings::certificates, certificates_of)});
    t.push_back({{"dns.servers", "list of texts", "[]",
                  "resolvers to ask, \"192.0.2.53\" or \"192.0.2.53@5353\"; none: the root servers"},
                 access(&S::dns, &DnsSettings::servers, resolvers_of)});
    t.push_back({{"dns.trust_anchor_file", "path", "\"\"",
                  "the DNSSEC root key; empty: the system's if there is one"},
                 text(&S::dns, &DnsSettings::trust_anchor_file)});
}

Result<std::vector<net::Network>> networks_of(const toml::node& node) {
    std::vector<net::Network> networks;
    for (const std::string& word : TRY(texts_of(node))) networks.push_back(TRY(net::parse_network(word)));
    return networks;
}

void add_checks_options(std::vector<Option>& t) {
    using C = ChecksSettings;
    const auto checks = &Settings::checks;
    t.push_back({{"checks.enabled", "flag", "true",
                  "SPF, DKIM, DMARC and ARC of mail from outside; what they find stands in its header"},
                 flag(checks, &C::enabled)});
    t.push_back({{"checks.enforce_dmarc", "flag", "true",
                  "refuse, or file as junk, what fails DMARC, as its author's domain asks"},
                 flag(checks, &C::enforce_dmarc)});
    t.push_back({{"checks.trusted_networks", "list of networks", "[\"127.0.0.0/8\", \"::1\"]",
                  "clients whose mail is not judged: a filter in front, printers"},
                 access(checks, &C::trusted_networks, networks_of)});
    t.push_back({{"checks.trusted_sealers", "list of domains", "[]",
                  "forwarders and lists: what they have seen pass DMARC (ARC) is not refused"},
                 access(checks, &C::trusted_sealers, domains_of)});
    t.push_back({{"checks.other_names", "list of domains", "[]",
                  "names of ours besides server.host_name: Authentication-Results under them are forged"},
                 access(checks, &C::other_names, domains_of)});
    t.push_back({{"checks.bimi", "flag", "false",
                  "look for the logo (BIMI) of mail that passes an enforced DMARC policy; it is not fetched"},
                 flag(checks, &C::bimi)});
}

Result<std::vector<std::string>> mail_addresses_of(const toml::node& node) {
    auto addresses = TRY(texts_of(node));
    for (const std::string& one : addresses)
        if (!is_mail_address(one))
            return fail(Fault::syntax, "\"" + one + "\": expected an address: dmarc@example.org");
    return addresses;
}

// What came in is looked through once a day, and tells of days.
Result<std::chrono::seconds> days_of(const toml::node& node) {
    const auto given = TRY(parse_duration(TRY(text_of(node))));
    if (given < std::chrono::hours(24)) return fail(Fault::syntax, "expected a duration of at least 1d");
    return given;
}

void add_reports_options(std::vector<Option>& t) {
    using R = ReportsSettings;
    const auto reports = &Settings::reports;
    t.push_back({{"reports.send_dmarc", "flag", "false",
                  "tell domains that ask for it (rua=) once a day what came in their name"},
                 flag(reports, &R::send_dmarc)});
    t.push_back(
        {{"reports.organisation", "text", "\"\"", "who reports: \"Example Mail\""},
         text_like(reports, &R::organisation, is_one_line, "a text of one line, at most 200 octets")});
    t.push_back({{"reports.address", "text", "\"\"",
                  "From of the reports, where questions about them go: dmarc@example.org"},
                 text_like(reports, &R::address, is_mail_address, "an address: dmarc@example.org")});
    t.push_back({{"reports.addresses", "list of addresses", "[]",
                  "mail to these is read for reports about our domains, besides being delivered"},
                 access(reports, &R::addresses, mail_addresses_of)});
    t.push_back({{"reports.keep", "duration", "\"90d\"", "reports that came in are kept for so long"},
                 access(reports, &R::keep, days_of)});
}

void add_relay_options(std::vector<Option>& t) {
    using S = Settings;
    using R = RelaySettings;
    const auto relay = &S::relay;
    t.push_back(
        {{"relay.smart_host", "text", "\"\"",
          "\"host:port\" that takes all outgoing mail; empty: the recipients' MX"},
         text_like(relay, &R::smart_host, is_host_and_port, "a host and a port: smtp.example.net:587")});
    t.push_back({{"relay.smart_host_tls_from_start", "flag", "false", "TLS from the first octet (port 465)"},
                 flag(relay, &R::smart_host_tls_from_start)});
    t.push_back(
        {{"relay.smart_host_require_tls", "flag", "true", "verify its certificate; never send in the clear"},
         flag(relay, &R::smart_host_require_tls)});
    t.push_back({{"relay.user", "text", "\"\"", "log in to the smart host as"}, text(relay, &R::user)});
    t.push_back({{"relay.password", "text", "\"\"", "and with this password"}, secret(relay, &R::password)});
    t.push_back({{"relay.roots_file", "path", "\"\"",
                  "certificates to trust for the smart host, besides the system's"},
                 text(relay, &R::roots_file)});
    t.push_back({{"relay.port", "number", "25", "the port of the recipients' MX"},
                 number(relay, &R::port, 1, 65535)});
    t.push_back({{"relay.ipv6", "flag", "true", "deliver over IPv6 too"}, flag(relay, &R::ipv6)});
    t.push_back({{"relay.helo_name", "text", "\"\"", "the name in EHLO; empty: server.host_name"},
                 text_like(relay, &R::helo_name, is_host_name, "the name of a host: mail.example.org")});
    t.push_back({{"relay.source_addresses", "list of texts", "[]", "local addresses to deliver from"},
                 access(relay, &R::source_addresses, addresses_of)});
    t.push_back({{"relay.connections_max", "number", "100", "outgoing connections at once"},
                 number(relay, &R::connections_max, 1, 100'000)});
    t.push_back({{"relay.connections_per_destination_max", "number", "10", "of them to one destination"},
                 number(relay, &R::connections_per_destination_max, 1, 1'000)});
    t.push_back({{"relay.retry_first", "duration", "\"5m\"", "wait after the first failure; it doubles"},
                 duration(relay, &R::retry_first)});
    t.push_back({{"relay.retry_max", "duration", "\"4h\"", "the longest wait between two attempts"},
                 duration(relay, &R::retry_max)});
    t.push_back({{"relay.warn_after", "duration", "\"4h\"", "tell the sender that the message waits"},
                 duration(relay, &R::warn_after)});
    t.push_back({{"relay.expire_after", "duration", "\"5d\"", "give up and tell the sender"},
                 duration(relay, &R::expire_after)});
}

// What Program::change_settings() brings to a running server.
bool is_at_run_time(std::string_view key) {
    for (const std::string_view one :
         {"log.format", "log.level", "tls.certificates", "smtp.message_octets_max", "smtp.recipients_max",
          "submission.add_client_address"})
        if (key == one) return true;
    // The sandbox lets the server connect to the ports, and read the files, that it was started with; the
    // name stands in the DSNs under way.
    for (const std::string_view one : {"relay.port", "relay.roots_file", "relay.helo_name"})
        if (key == one) return false;
    return key.starts_with("relay.") || key.starts_with("dkim.") || key.ends_with(".connections_max") ||
           key.ends_with(".connections_per_address_max");
}

std::vector<Option> make_options() {
    std::vector<Option> t;
    using S = Settings;
    add_server_options(t);
    add_listeners(t, &S::smtp,
                  {"smtp.listen", "", "smtp.connections_max", "smtp.connections_per_address_max"}, "[]", "");
    t.push_back({{"smtp.message_octets_max", "size", "\"50MiB\"",
                  "the largest message, also at submission, LMTP and APPEND; 64KiB to 1GiB"},
                 octets(&S::smtp, &SmtpSettings::message_octets_max, smallest_message_limit,
                        largest_message_octets_max, "64KiB to 1GiB")});
    t.push_back({{"smtp.recipients_max", "number", "1000", "recipients of one message"},
                 number(&S::smtp, &SmtpSettings::recipients_max, 100, 1'000)});
    add_listeners(t, &S::submission,
                  {"submission.listen", "submission.listen_tls", "submission.connections_max",
                   "submission.connections_per_address_max"},
                  "[]", "[]");
    t.push_back(
        {{"submission.add_client_address", "flag", "false", "write the client's address into Received"},
         flag(&S::submission, &SubmissionSettings::add_client_address)});
    add_listeners(t, &S::lmtp,
                  {"lmtp.listen", "", "lmtp.connections_max", "lmtp.connections_per_address_max"}, "[]", "");
    add_listeners(
        t, &S::imap,
        {"imap.listen", "imap.listen_tls", "imap.connections_max", "imap.connections_per_address_max"}, "[]",
        "[]");
    add_listeners(
        t, &S::pop3,
        {"pop3.listen", "pop3.listen_tls", "pop3.connections_max", "pop3.connections_per_address_max"}, "[]",
        "[]");
    add_checks_options(t);
    add_reports_options(t);
    add_dkim_options(t);
    add_relay_options(t);
    for (Option& option : t) option.at_run_time = is_at_run_time(option.reference.key);
    return t;
}

}  // namespace

const std::vector<Option>& options() {
    static const std::vector<Option> table = make_options();
    return table;
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::int64_t most = 365 * 86'400;
    const std::pair<char, std::int64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}};
    for (const auto& [unit, seconds] : units) {
        if (!text.ends_with(unit)) continue;
        const auto count = to_number(text.substr(0, text.size() - 1));
        if (count && *count > 0 && *count <= static_cast<std::uint64_t>(most / seconds))
            return std::chrono::seconds(static_cast<std::int64_t>(*count) * seconds);
    }
    return fail(Fault::syntax, "expected a duration like \"90s\", \"5m\", \"4h\" or \"5d\", at most 365d");
}

Result<std::uint64_t> parse_octets(std::string_view text) {
    const std::pair<std::string_view, unsigned> units[] = {
        {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    for (const auto& [unit, shift] : units) {
        if (!text.ends_with(unit)) continue;
        const auto count = to_number(text.substr(0, text.size() - unit.size()));
        if (count && *count < (std::uint64_t{1} << (62 - shift))) return *count << shift;
    }
    return fail(Fault::syntax, "expected a size like \"50MiB\" or \"1GiB\"");
}

}  // namespace heliopost
