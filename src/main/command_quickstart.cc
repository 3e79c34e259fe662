// heliopost quickstart you@example.org: from nothing to a server that can be started.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "directory/names.h"
#include "main/command.h"
#include "main/files.h"
#include "main/first_account.h"
#include "main/option_text.h"
#include "main/password_input.h"
#include "main/program.h"
#include "main/store_place.h"
#include "main/user.h"
#include "net/system_clock.h"
#include "net/tls.h"

namespace heliopost {
namespace {

constexpr int self_signed_days = 365;

struct Plan {
    std::string domain;
    std::string host_name;
    std::string directory;  // of the configuration
    std::string certificate, key;
    std::string data_directory;
    std::string configuration;
};

std::string server_user() {
    return geteuid() == 0 && getpwnam("heliopost") != nullptr ? "heliopost" : "";
}

// A basic string of TOML 1.0.
std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string configuration_of(const Plan& plan) {
    return "# Heliopost: every key is explained in heliopost.toml(5).\n"
           "[server]\n"
           "host_name = " +
           toml_text(plan.host_name) +
           "\n"
           "data_directory = " +
           toml_text(plan.data_directory) +
           "\n"
           "user = " +
           toml_text(server_user()) +
           "\n\n"
           "[tls]\n"
           "# A certificate of its own making until you name a real one, or run `heliopost cert install`.\n"
           "certificates = [{ certificate = " +
           toml_text(plan.certificate) + ", key = " + toml_text(plan.key) +
           " }]\n\n"
           "[smtp]\nlisten = [\":25\"]\n\n"
           "[submission]\nlisten = [\":587\"]\nlisten_tls = [\":465\"]\n\n"
           "[imap]\nlisten = [\":143\"]\nlisten_tls = [\":993\"]\n\n"
           "[pop3]\nlisten = [\":110\"]\nlisten_tls = [\":995\"]\n\n"
           "# Where outbound port 25 is closed, send through your provider:\n"
           "# [relay]\n# smart_host = \"smtp.provider.example:587\"\n# user = \"...\"\n# password = "
           "\"...\"\n";
}

Result<Plan> plan_of(const CommonOptions& common, const QuickstartOptions& options) {
    Plan plan;
    plan.domain = TRY(directory::parse_new_name(options.address)).domain;
    plan.host_name = options.host_name.empty() ? "mail." + plan.domain : options.host_name;
    if (!is_host_name(plan.host_name))
        return fail(Fault::syntax, "--host-name: expected the name of a host: mail.example.org");
    plan.directory = std::filesystem::absolute(common.config).parent_path();
    plan.data_directory = std::filesystem::absolute(options.data_directory);
    for (const std::string& path : {plan.directory, plan.data_directory})
        if (std::ranges::any_of(path,
                                [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
            return fail(Fault::syntax, "a path with control characters");
    plan.certificate = plan.directory + "/tls/self-signed.pem";
    plan.key = plan.directory + "/tls/self-signed.key";
    plan.configuration = configuration_of(plan);
    return plan;
}

Result<void> write_certificate(const Plan& plan) {
    std::error_code error;
    std::filesystem::create_directories(plan.directory + "/tls", error);
    if (error) return fail(Fault::denied, "cannot make " + plan.directory + "/tls: " + error.message());
    const auto self_signed = net::make_self_signed({plan.host_name, plan.domain}, self_signed_days);
    TRY(write_file(plan.key, self_signed.key, 0600));
    TRY(write_file(plan.certificate, self_signed.certificate, 0644));
    return give_to_user(plan.key, server_user());
}

void print_zone(const Plan& plan) {
    const char* domain = plan.domain.c_str();
    const char* host = plan.host_name.c_str();
    std::printf("%s.\tMX\t10 %s.\n", domain, host);
    std::printf("%s.\tA\t(this machine's public IPv4 address)\n", host);
    std::printf("%s.\tAAAA\t(its IPv6 address, if it has one; both need a reverse name %s)\n", host, host);
    std::printf("%s.\tTXT\t\"v=spf1 mx -all\"\n", domain);
    std::printf("_dmarc.%s.\tTXT\t\"v=DMARC1; p=none; rua=mailto:postmaster@%s\"\n", domain, domain);
    std::printf("_submissions._tcp.%s.\tSRV\t0 1 465 %s.\n", domain, host);
    std::printf("_imaps._tcp.%s.\tSRV\t0 1 993 %s.\n", domain, host);
    std::printf("_pop3s._tcp.%s.\tSRV\t10 1 995 %s.\n", domain, host);
}

Result<void> fill_store(const CommonOptions& common, const QuickstartOptions& options, const Plan& plan,
                        const std::string& password) {
    Settings settings = TRY(parse_settings(plan.configuration, common.config));
    settings.server.threads = 1;
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    Program program(std::move(settings), common.config, log);
    TRY(program.open());
    return add_first_account(program, options.address, password);
}

// The configuration comes last: where it is, all else is, too. A failure leaves nothing in the way of another
// try.
Result<void> set_up(const CommonOptions& common, const QuickstartOptions& options, const Plan& plan,
                    const std::string& password) {
    for (const std::string& file : {common.config, plan.key, plan.certificate})
        if (std::filesystem::exists(file))
            return fail(Fault::exists,
                        file + " exists already: remove it first, or use domain add and account add");
    TRY(check_store_place(plan.data_directory));  // root would open a store there, and give all away
    auto done = write_certificate(plan);
    if (done) done = fill_store(common, options, plan, password);
    if (done) done = give_store_to_user(plan.data_directory, server_user());
    // 0640: a password for the smart host may come to stand there. The server reads it and never writes it.
    if (done) done = write_file(common.config, plan.configuration, 0640);
    if (done) done = lend_to_user(common.config, server_user());
    if (done) return {};
    for (const std::string& file : {common.config, plan.key, plan.certificate}) ::unlink(file.c_str());
    return done;
}

}  // namespace

int command_quickstart(const CommonOptions& common, const QuickstartOptions& options) {
    const auto plan = plan_of(common, options);
    if (!plan) return report(common, plan.error(), exit_usage);
    if (options.dry_run) {
        std::printf("# would write %s:\n%s\n# DNS for %s:\n", common.config.c_str(),
                    plan->configuration.c_str(), plan->domain.c_str());
        print_zone(*plan);
        return exit_good;
    }
    const std::string password = new_password();
    if (const auto done = set_up(common, options, *plan, password); !done)
        return report(common, done.error());
    std::printf("Configuration  %s\n", common.config.c_str());
    std::printf("Certificate    %s (self-signed: name a real one in [tls], or heliopost cert install)\n",
                plan->certificate.c_str());
    std::printf("Sign in        %s   %s   (shown once)\n", options.address.c_str(), password.c_str());
    std::printf("Aliases        postmaster@%s and abuse@%s go to %s\n\n", plan->domain.c_str(),
                plan->domain.c_str(), options.address.c_str());
    std::printf("Add to the DNS zone of %s:\n\n", plan->domain.c_str());
    print_zone(*plan);
    std::printf("\nNext           heliopost --config %s serve\n", common.config.c_str());
    return exit_good;
}

}  // namespace heliopost
