// Settings: what /etc/heliopost/heliopost.toml says, checked whole before anything starts.
//
// parse_settings() knows every key (options() is the one table: it parses, it suggests, it prints the
// reference); an unknown key, a wrong type or a bad value is an error with line and column. Nothing is
// read or opened here but the text.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/network.h"
#include "net/tls.h"
#include "signing/settings.h"

namespace heliopost {

inline constexpr std::size_t settings_octets_max = std::size_t{1} << 20;  // of the file

// Of smtp.message_octets_max. The store would bear more, but many readers keep sizes in 31 bits, as RFC 3501
// §9 allows 32; and within message_time_max of server/smtp 1 GiB needs 300 KB a second.
inline constexpr std::uint64_t largest_message_octets_max = std::uint64_t{1} << 30;
inline constexpr std::uint64_t smallest_message_limit = std::uint64_t{64} << 10;  // RFC 5321 §4.5.3.1.7

struct ServerSettings {
    std::string host_name;
    std::string data_directory = "/var/lib/heliopost";
    std::string admin_socket = "/run/heliopost/admin.sock";
    std::string user;                // empty: stay who started it
    std::string key_file;            // the server key; empty: server.key in the data directory
    std::uint64_t threads = 0;       // 0: one a core
    std::uint64_t disk_reserve = 0;  // octets; 0: 2 % of the disk, at least 1 GiB
    bool sandbox = true;
    std::uint64_t cache = std::uint64_t{256} << 20;
    std::uint64_t scrub_pace = std::uint64_t{8} << 20;  // octets a second; 0: no scrub
    std::chrono::seconds scrub_interval{7 * 24 * 3600};
};

struct LogSettings {
    LogFormat format = LogFormat::logfmt;
    LogLevel level = LogLevel::info;
};

struct TlsSettings {
    std::vector<net::CertificateFiles> certificates;
};

// A protocol's listeners: in the clear with STARTTLS or STLS, and TLS from the first octet.
struct ListenSettings {
    std::vector<net::Endpoint> listen;
    std::vector<net::Endpoint> listen_tls;
    std::uint64_t connections_max = 20'000;
    std::uint64_t connections_per_address_max = 100;
};

struct SmtpSettings : ListenSettings {
    std::uint64_t message_octets_max = std::uint64_t{50} << 20;
    std::uint64_t recipients_max = 1'000;
};

struct SubmissionSettings : ListenSettings {
    bool add_client_address = false;
};

struct RelaySettings {
    std::string smart_host;  // "host:port"; empty: the recipients' MX
    bool smart_host_tls_from_start = false;
    bool smart_host_require_tls = true;
    std::string user;
    Secret password;
    std::string roots_file;  // trusted for the smart host besides the system's
    std::uint64_t port = 25;
    bool ipv6 = true;
    std::string helo_name;  // empty: the host name
    std::vector<net::IpAddress> source_addresses;
    std::uint64_t connections_max = 100;
    std::uint64_t connections_per_destination_max = 10;
    std::chrono::seconds retry_first{300};
    std::chrono::seconds retry_max{4 * 3600};
    std::chrono::seconds warn_after{4 * 3600};
    std::chrono::seconds expire_after{5 * 24 * 3600};
};

struct ChecksSettings {
    bool enabled = true;        // of mail from outside
    bool enforce_dmarc = true;  // what the author's domain asks for
    std::vector<net::Network> trusted_networks{
        {boost::asio::ip::address_v4::loopback(), 8},
        {boost::asio::ip::address_v6::loopback(), 128}};  // clients there are not judged
    std::vector<std::string> trusted_sealers;             // domains: their ARC sets excuse a message
    std::vector<std::string> other_names;                 // of ours, in Authentication-Results
    bool bimi = false;                                    // the logo's record, which is not fetched
};

struct ReportsSettings {
    bool send_dmarc = false;             // daily, to domains that ask for it
    std::string organisation;            // who reports
    std::string address;                 // From of the reports
    std::vector<std::string> addresses;  // ours, where reports come in
    std::chrono::seconds keep{90 * 86'400};
};

struct DnsSettings {
    std::vector<std::string> servers;  // "192.0.2.53" or "192.0.2.53@5353"; empty: ask the root servers
    std::string trust_anchor_file;
};

struct Settings {
    ServerSettings server;
    LogSettings log;
    TlsSettings tls;
    SmtpSettings smtp;
    SubmissionSettings submission;
    ListenSettings lmtp;
    ListenSettings imap;
    ListenSettings pop3;
    ChecksSettings checks;
    ReportsSettings reports;
    signing::Settings dkim;
    RelaySettings relay;
    DnsSettings dns;
};

// Where the server key is.
std::string server_key_file(const ServerSettings& server);

// One key of the file, for --help and the manual.
struct OptionReference {
    std::string_view key;       // "smtp.listen"
    std::string_view type;      // "list of addresses"
    std::string_view standard;  // as it would be written
    std::string_view meaning;
};
std::vector<OptionReference> option_reference();

// Errors name the file, line and column: "heliopost.toml:12:1: unknown key "smtp.listne"; did you mean
// "smtp.listen"?"
Result<Settings> parse_settings(std::string_view text, std::string_view file_name);

// What a running server makes of settings that were read again.
struct Changes {
    std::vector<std::string> at_once;        // keys
    std::vector<std::string> after_restart;  // still as they were
    bool operator==(const Changes&) const = default;
};
// Copies what may change while it runs from `read`. A service begins and ends with TLS only at a start; a
// smart host may be changed for another at the same port, with all that belongs to it.
Changes take_over(Settings& running, const Settings& read);

// Reads the file first. Fault::not_found with what to do when it is not there.
Result<Settings> load_settings(const std::string& file);

}  // namespace heliopost
