// What the subcommands share: their options, and how they end.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "main/settings.h"
#include "server/admin/message.h"

namespace heliopost {

// Exit codes: sysexits.h, where it has one.
inline constexpr int exit_good = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 64;
inline constexpr int exit_temporary = 75;      // EX_TEMPFAIL: systemd tries again
inline constexpr int exit_configuration = 78;  // systemd does not restart after it

struct CommonOptions {
    std::string config = "/etc/heliopost/heliopost.toml";
    bool json = false;
};

// One line on standard error, or a JSON object with --json; gives the exit code.
int report(const CommonOptions& common, const Error& error, int code = exit_failed);
// The answer as a table or JSON on standard output.
int show(const CommonOptions& common, const admin::Answer& answer);

int command_serve(const CommonOptions& common);
int command_check_config(const CommonOptions& common);
int command_options(const CommonOptions& common);
int command_doctor_sandbox(const CommonOptions& common);
int command_doctor_key(const CommonOptions& common);
int command_reload(const CommonOptions& common);
struct FsckOptions {
    bool repair = false;
    bool no_checkpoint = false;
};
int command_fsck(const CommonOptions& common, const FsckOptions& options);
// Sent to the running server, or, when none runs, carried out on the store.
int command_admin(const CommonOptions& common, const admin::Request& request);

// Each file is an aggregate report, packed or not, or a message with one, or with a failure report.
int command_import_reports(const CommonOptions& common, const std::vector<std::string>& files);

struct QuickstartOptions {
    std::string address;
    std::string host_name;  // empty: "mail." and the domain
    std::string data_directory = "/var/lib/heliopost";
    bool dry_run = false;
};
int command_quickstart(const CommonOptions& common, const QuickstartOptions& options);

struct CertificateOptions {
    std::string certificate;
    std::string key;
};
int command_certificate_install(const CommonOptions& common, const CertificateOptions& options);

struct BackupOptions {
    std::string directory;
    std::string key;      // a key file; empty: not encrypted
    std::string new_key;  // a key file to make
    bool list = false;
    bool verify = false;
    std::size_t keep = 0;  // 0: all
    std::string version;   // of this program
};
int command_backup(const CommonOptions& common, const BackupOptions& options);

struct RestoreOptions {
    std::string directory;
    std::string at;  // which backup; empty: the newest
    std::string key;
    std::string account;  // empty: the whole store
    std::string mailbox;
    std::string message_id;
    std::uint32_t uid = 0;  // 0: any
    bool in_place = false;
};
int command_restore(const CommonOptions& common, const RestoreOptions& options);
int command_restore_account(const CommonOptions& common, const RestoreOptions& options);

struct DemoOptions {
    bool check = false;
};
int command_demo(const CommonOptions& common, const DemoOptions& options);

}  // namespace heliopost
