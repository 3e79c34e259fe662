#include "main/settings.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/text.h"
#include "main/option.h"

namespace heliopost {
namespace {

std::string place(std::string_view file, const toml::source_region& at) {
    return std::string(file) + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) +
           ": ";
}

// How many letters must change to make one word the other; words are short: keys of our own table.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

constexpr std::size_t suggested_key_octets_max = 100;

std::string suggestion(std::string_view key) {
    if (key.size() > suggested_key_octets_max) return {};
    const Option* best = nullptr;
    std::size_t best_distance = 4;  // farther off is no misspelling
    for (const Option& option : options())
        if (const std::size_t d = distance(key, option.reference.key); d < best_distance) {
            best = &option;
            best_distance = d;
        }
    return best == nullptr ? "" : "; did you mean \"" + std::string(best->reference.key) + "\"?";
}

class Reader {
public:
    Reader(Settings& settings, std::string_view file) : settings_(settings), file_(file) {}

    Result<void> read(const toml::table& root) {
        for (const auto& [section, node] : root) {
            const toml::table* table = node.as_table();
            if (table == nullptr) {
                const std::string key(section.str());
                return fail(Fault::syntax, place(file_, node.source()) + "unknown key \"" + key +
                                               "\" outside a [section]" + suggestion(key));
            }
            for (const auto& [name, value] : *table)
                TRY(set(std::string(section.str()) + "." + std::string(name.str()), value));
        }
        return {};
    }

private:
    Result<void> set(const std::string& key, const toml::node& value) {
        for (const Option& option : options()) {
            if (option.reference.key != key) continue;
            if (auto done = option.value.set(settings_, value); !done)
                return fail(done.error().fault,
                            place(file_, value.source()) + key + ": " + done.error().text);
            return {};
        }
        return fail(Fault::syntax,
                    place(file_, value.source()) + "unknown key \"" + key + "\"" + suggestion(key));
    }

    Settings& settings_;
    std::string_view file_;
};

// What no single key can know.
Result<void> check(const Settings& settings, const toml::table& root, std::string_view file) {
    const auto wrong = [&](std::string text) { return fail(Fault::syntax, std::string(file) + ": " + text); };
    const auto wrong_at = [&](std::string_view key, const std::string& text) {
        const auto node = root.at_path(key);
        return node ? fail(Fault::syntax, place(file, node.node()->source()) + text) : wrong(text);
    };
    if (settings.server.host_name.empty())
        return wrong("server.host_name is missing: write host_name = \"mail.example.org\" below [server]");
    const bool tls_listener = !settings.imap.listen_tls.empty() || !settings.pop3.listen_tls.empty() ||
                              !settings.submission.listen_tls.empty();
    if (tls_listener && settings.tls.certificates.empty())
        return wrong(
            "listen_tls is set, but tls.certificates is empty: name a certificate, or run heliopost "
            "quickstart");
    if (settings.relay.retry_first > settings.relay.retry_max)
        return wrong_at("relay.retry_first", "relay.retry_first is longer than relay.retry_max");
    if (settings.relay.user.empty() != settings.relay.password.empty())
        return wrong("relay.user and relay.password belong together");
    const ReportsSettings& reports = settings.reports;
    if (reports.send_dmarc && (reports.organisation.empty() || reports.address.empty()))
        return wrong_at("reports.send_dmarc",
                        "reports.send_dmarc needs reports.organisation and reports.address: who reports");
    if (reports.send_dmarc && !settings.checks.enabled)
        return wrong_at("reports.send_dmarc",
                        "reports.send_dmarc needs checks.enabled: what is not judged cannot be reported");
    return {};
}

}  // namespace

std::string server_key_file(const ServerSettings& server) {
    return server.key_file.empty() ? server.data_directory + "/server.key" : server.key_file;
}

std::vector<OptionReference> option_reference() {
    std::vector<OptionReference> all;
    std::ranges::transform(options(), std::back_inserter(all), &Option::reference);
    return all;
}

Result<Settings> parse_settings(std::string_view text, std::string_view file_name) {
    if (text.size() > settings_octets_max)
        return fail(Fault::too_large, std::string(file_name) + ": larger than 1 MiB");
    Settings settings;
    try {
        const toml::table root = toml::parse(text);
        TRY(Reader(settings, file_name).read(root));
        TRY(check(settings, root, file_name));
    } catch (const toml::parse_error& error) {
        return fail(Fault::syntax, place(file_name, error.source()) + std::string(error.description()));
    }
    return settings;
}

namespace {

std::string_view port_of(std::string_view host_and_port) {
    return host_and_port.substr(std::min(host_and_port.rfind(':'), host_and_port.size()));
}

// Services begin and end with TLS at a start only.
bool keeps_tls(const Settings& running, const Settings& read) {
    return running.tls.certificates.empty() == read.tls.certificates.empty();
}

// Queued mail is grouped for a smart host or for none (Transport::change), and the sandbox knows its port.
bool keeps_smart_host(const Settings& running, const Settings& read) {
    const std::string& from = running.relay.smart_host;
    const std::string& to = read.relay.smart_host;
    return from.empty() == to.empty() && port_of(from) == port_of(to);
}

// What is of use, or safe, with the smart host only that it stands with in the file.
bool belongs_to_smart_host(std::string_view key) {
    return key.starts_with("relay.smart_host") || key == "relay.user" || key == "relay.password";
}

}  // namespace

Changes take_over(Settings& running, const Settings& read) {
    const bool tls = keeps_tls(running, read);
    const bool smart_host = keeps_smart_host(running, read);
    Changes changes;
    for (const Option& option : options()) {
        const std::string_view key = option.reference.key;
        if (option.value.same(running, read)) continue;
        if (!option.at_run_time || (!tls && key == "tls.certificates") ||
            (!smart_host && belongs_to_smart_host(key))) {
            changes.after_restart.emplace_back(key);
            continue;
        }
        option.value.copy(running, read);
        changes.at_once.emplace_back(key);
    }
    return changes;
}

Result<Settings> load_settings(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return fail(Fault::not_found, "cannot read " + file +
                                          ": name the configuration with --config FILE, or make one with: "
                                          "heliopost quickstart you@example.org");
    std::ostringstream text;
    text << in.rdbuf();
    return parse_settings(text.str(), file);
}

}  // namespace heliopost
