// heliopost: the program and its subcommands. The table below is what --help prints.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "main/command.h"
#include "main/completion.h"
#include "main/manual.h"
#include "main/option.h"
#include "main/password_input.h"
#include "main/reference.h"
#include "main/some_word.h"

namespace heliopost {
namespace {

// What the command line asked for: filled in by CLI11's callbacks, run once it is parsed.
struct CommandLine {
    CommonOptions common;
    admin::Request request;
    QuickstartOptions quickstart;
    DemoOptions demo;
    BackupOptions backup;
    FsckOptions fsck;
    RestoreOptions restore;
    CertificateOptions certificate;
    std::string page = "heliopost";
    bool sandbox = false;
    bool password_stdin = false;
    std::string quota;
    std::vector<std::string> targets;
    std::vector<std::string> files;
    std::function<int()> run;
};

CLI::App* add_operation(CLI::App& subject, CommandLine& line, std::string name, std::string meaning,
                        std::string operation) {
    CLI::App* command = subject.add_subcommand(std::move(name), std::move(meaning));
    command->callback([&line, operation = std::move(operation)] {
        line.request.operation = operation;
        line.run = [&line] { return command_admin(line.common, line.request); };
    });
    return command;
}

void add_field(CLI::App* command, CommandLine& line, const std::string& flag, const std::string& field,
               const std::string& meaning, bool required) {
    auto* option = command->add_option(flag, line.request.fields[field], meaning);
    if (flag.starts_with("--")) option->type_name(to_upper(field));
    if (required) option->required();
}

void add_domain(CLI::App& app, CommandLine& line) {
    CLI::App& domain = *app.add_subcommand("domain", "The domains that we take mail for");
    domain.require_subcommand(1);
    add_field(add_operation(domain, line, "add", "Take mail for a domain", "domain.add"), line, "NAME",
              "name", "example.org", true);
    add_field(add_operation(domain, line, "remove", "Give a domain up; it must be empty", "domain.remove"),
              line, "NAME", "name", "example.org", true);
    CLI::App* catch_all =
        add_operation(domain, line, "catch-all", "Where a domain's unknown addresses go", "domain.catch_all");
    add_field(catch_all, line, "NAME", "name", "example.org", true);
    add_field(catch_all, line, "ADDRESS", "address", "an address; none: unknown addresses are refused",
              false);
    add_operation(domain, line, "list", "All domains", "domain.list");
}

// The password of `account add` and `account password`: given, or made and shown once.
int with_password(CommandLine& line) {
    const bool made = !line.password_stdin;
    if (made) {
        line.request.fields["password"] = new_password();
    } else {
        const auto password = read_password();
        if (!password) return report(line.common, password.error(), exit_usage);
        line.request.fields["password"] = *password;
    }
    const int code = command_admin(line.common, line.request);
    if (made && code == exit_good) std::printf("password: %s\n", line.request.fields["password"].c_str());
    return code;
}

int with_quota(CommandLine& line, int (*then)(CommandLine&)) {
    if (!line.quota.empty()) {
        const auto octets =
            line.quota == "0" ? Result<std::uint64_t>(std::uint64_t{0}) : parse_octets(line.quota);
        if (!octets) return report(line.common, octets.error(), exit_usage);
        line.request.fields["quota_octets"] = std::to_string(*octets);
    }
    return then(line);
}

void add_account(CLI::App& app, CommandLine& line) {
    CLI::App& account = *app.add_subcommand("account", "The people who have a mailbox");
    account.require_subcommand(1);
    CLI::App* add = add_operation(
        account, line, "add", "Make an account; prints a new password unless one is given", "account.add");
    add_field(add, line, "ADDRESS", "address", "ann@example.org: the address and the login name", true);
    add_field(add, line, "--name", "name", "the person's name", false);
    add->add_option("--quota", line.quota, "\"10GiB\"; without: no limit")->type_name("SIZE");
    add->add_flag("--password-stdin", line.password_stdin, "read the password from standard input");
    add->callback([&line] {
        line.request.operation = "account.add";
        line.run = [&line] { return with_quota(line, with_password); };
    });
    CLI::App* password = add_operation(account, line, "password", "Set a new password", "account.password");
    add_field(password, line, "ADDRESS", "address", "ann@example.org", true);
    password->add_flag("--password-stdin", line.password_stdin,
                       "read it from standard input; without: make one");
    password->callback([&line] {
        line.request.operation = "account.password";
        line.run = [&line] { return with_password(line); };
    });
    CLI::App* quota = add_operation(account, line, "quota", "How much an account may keep", "account.quota");
    add_field(quota, line, "ADDRESS", "address", "ann@example.org", true);
    quota->add_option("SIZE", line.quota, "\"10GiB\"; 0: no limit")->required();
    quota->callback([&line] {
        line.request.operation = "account.quota";
        line.run = [&line] {
            return with_quota(line, [](CommandLine& l) { return command_admin(l.common, l.request); });
        };
    });
    add_field(add_operation(account, line, "remove", "Remove an account and its mail", "account.remove"),
              line, "ADDRESS", "address", "ann@example.org", true);
    add_field(add_operation(account, line, "list", "All accounts", "account.list"), line, "--domain",
              "domain", "of this domain only", false);
}

void add_alias(CLI::App& app, CommandLine& line) {
    CLI::App& alias = *app.add_subcommand("alias", "Addresses that lead to others");
    alias.require_subcommand(1);
    CLI::App* add = add_operation(alias, line, "add", "Make an alias, or give it new targets", "alias.put");
    add_field(add, line, "ADDRESS", "address", "sales@example.org", true);
    add->add_option("TARGET", line.targets, "addresses, ours or others'")->required();
    add->add_flag_callback("--group", [&line] { line.request.fields["group"] = "true"; }, "call it a group");
    add->callback([&line] {
        line.request.operation = "alias.put";
        std::string& all = line.request.fields["targets"];
        for (const std::string& target : line.targets) all += (all.empty() ? "" : " ") + target;
        line.run = [&line] { return command_admin(line.common, line.request); };
    });
    add_field(add_operation(alias, line, "remove", "Remove an alias", "alias.remove"), line, "ADDRESS",
              "address", "sales@example.org", true);
    add_field(add_operation(alias, line, "list", "All aliases", "alias.list"), line, "--domain", "domain",
              "of this domain only", false);
}

void add_queue(CLI::App& app, CommandLine& line) {
    CLI::App& queue = *app.add_subcommand("queue", "Outgoing mail that waits");
    queue.require_subcommand(1);
    add_field(add_operation(queue, line, "list", "What waits, for whom, and the last reply", "queue.list"),
              line, "--domain", "domain", "for this domain only", false);
    const std::tuple<const char*, const char*> verbs[] = {{"show", "One message's recipients"},
                                                          {"retry", "Try again now"},
                                                          {"hold", "Do not try until released"},
                                                          {"release", "End a hold"},
                                                          {"drop", "Remove without telling the sender"}};
    for (const auto& [verb, meaning] : verbs)
        add_field(add_operation(queue, line, verb, meaning, std::string("queue.") + verb), line, "ID",
                  "queue_id", "the queue id, as the log and `queue list` say it", true);
}

void add_reports(CLI::App& app, CommandLine& line) {
    CLI::App& reports = *app.add_subcommand("reports", "Reports of DMARC");
    reports.require_subcommand(1);
    CLI::App* dmarc = add_operation(reports, line, "dmarc",
                                    "What came in our domains' name elsewhere, by address", "reports.dmarc");
    dmarc->add_flag_callback(
        "--failures", [&line] { line.request.fields["failures"] = "true"; }, "reports about single messages");
    add_field(dmarc, line, "--domain", "domain", "about this domain only", false);
    add_field(dmarc, line, "--days", "days", "of the last N days only", false);
    CLI::App* import =
        reports.add_subcommand("import", "Take in reports from files: XML, gzip, zip, messages");
    import->add_option("FILE", line.files, "report files")->required();
    import->callback(
        [&line] { line.run = [&line] { return command_import_reports(line.common, line.files); }; });
    CLI::App* send =
        add_operation(reports, line, "send", "Send the reports of past days at once, not spread over the day",
                      "reports.send");
    send->add_flag_callback(
        "--now", [&line] { line.request.fields["now"] = "true"; }, "what was counted today, too");
    add_field(send, line, "--domain", "domain", "about this domain only", false);
}

void add_message(CLI::App& app, CommandLine& line) {
    CLI::App& message = *app.add_subcommand("message", "Messages in mailboxes");
    message.require_subcommand(1);
    CLI::App* show = add_operation(message, line, "show", "What the checks said of a message when it came",
                                   "message.show");
    add_field(show, line, "ADDRESS", "address", "ann@example.org: the account", true);
    add_field(show, line, "--mailbox", "mailbox", "without: INBOX", false);
    add_field(show, line, "--uid", "uid", "the message's UID in it", true);
}

void add_dkim(CLI::App& app, CommandLine& line) {
    CLI::App& dkim = *app.add_subcommand("dkim", "The keys with which our domains sign their mail");
    dkim.require_subcommand(1);
    const auto add = [&](const char* name, const char* meaning) {
        CLI::App* command = add_operation(dkim, line, name, meaning, std::string("dkim.") + name);
        add_field(command, line, "DOMAIN", "domain", "example.org", std::string_view(name) != "list");
        return command;
    };
    const std::string kinds = "rsa2048, ed25519 or both; without: both";
    add_field(add("create", "Make keys for a domain; prints what to publish in the DNS"), line, "--algorithm",
              "algorithm", kinds, false);
    add_field(
        add("rotate", "Make successors, which sign in place of the old keys once they are seen in the DNS"),
        line, "--algorithm", "algorithm", kinds, false);
    add_field(add("retire", "Sign no more with a domain's keys"), line, "--selector", "selector",
              "with this one only", false);
    add("list", "All keys, and what is to be done about each");
    add("dns",
        "The records of a domain's keys, and whether the DNS has them; keys that are seen sign at once");
}

void add_server(CLI::App& app, CommandLine& line) {
    const auto add = [&](const char* name, const char* meaning, int (*run)(const CommonOptions&)) {
        app.add_subcommand(name, meaning)->callback([&line, run] {
            line.run = [&line, run] { return run(line.common); };
        });
    };
    add("serve", "Run the mail server", command_serve);
    add("check-config", "Read the configuration and say what is wrong with it", command_check_config);
    add("reload", "Have the running server read its certificates and configuration again", command_reload);
    add_operation(app, line, "status", "What the running server does beside its work", "server.status");
    CLI::App* fsck = app.add_subcommand(
        "fsck", "Check every record, blob and reference of the store; the server must be stopped");
    CLI::Option* repair =
        fsck->add_flag("--repair", line.fsck.repair,
                       "bring back what can be read (lost+found), take out what cannot; says what it did");
    fsck->add_flag("--no-checkpoint", line.fsck.no_checkpoint,
                   "do not keep the store as it was before the repair")
        ->needs(repair);
    fsck->callback([&line] { line.run = [&line] { return command_fsck(line.common, line.fsck); }; });
    add("options", "Every key of the configuration file, with its default and meaning", command_options);
    CLI::App* doctor = app.add_subcommand("doctor", "Try whether the server key is right, or the sandbox");
    doctor->add_flag("--sandbox", line.sandbox,
                     "enter the sandbox that serve runs in instead, and try what it forbids");
    doctor->callback([&line] {
        line.run = [&line] {
            return line.sandbox ? command_doctor_sandbox(line.common) : command_doctor_key(line.common);
        };
    });
    CLI::App* quickstart = app.add_subcommand(
        "quickstart", "Set up mail for a domain: configuration, certificate, first account");
    quickstart->add_option("ADDRESS", line.quickstart.address, "the first account: you@example.org")
        ->required();
    quickstart
        ->add_option("--host-name", line.quickstart.host_name,
                     "this machine's name; without: mail.example.org")
        ->type_name("NAME");
    quickstart->add_option("--directory", line.quickstart.data_directory, "where the mail is kept")
        ->type_name("DIRECTORY")
        ->capture_default_str();
    quickstart->add_flag("--dry-run", line.quickstart.dry_run, "only show what would be written");
    quickstart->callback(
        [&line] { line.run = [&line] { return command_quickstart(line.common, line.quickstart); }; });
    CLI::App* demo =
        app.add_subcommand("demo", "Try the server on loopback with three accounts and sample mail");
    demo->add_flag("--check", line.demo.check, "make a complete round trip, then end");
    demo->callback([&line] { line.run = [&line] { return command_demo(line.common, line.demo); }; });
    CLI::App& cert = *app.add_subcommand("cert", "Certificates");
    cert.require_subcommand(1);
    CLI::App* install = cert.add_subcommand(
        "install", "Copy a certificate to where the server reads it (certbot's deploy hook)");
    install
        ->add_option("--certificate", line.certificate.certificate,
                     "PEM file, the chain included; without: $RENEWED_LINEAGE/fullchain.pem")
        ->type_name("FILE");
    install->add_option("--key", line.certificate.key, "PEM file; without: $RENEWED_LINEAGE/privkey.pem")
        ->type_name("FILE");
    install->callback([&line] {
        line.run = [&line] { return command_certificate_install(line.common, line.certificate); };
    });
}

void add_backup(CLI::App& app, CommandLine& line) {
    CLI::App* backup = app.add_subcommand(
        "backup", "Copy the store, the configuration and the certificates; the server may run meanwhile");
    backup->add_option("DIR", line.backup.directory, "the directory of the backups")->check(some_word);
    CLI::Option* list = backup->add_flag("--list", line.backup.list, "the backups in DIR");
    backup->add_flag("--verify", line.backup.verify, "read every file of the backups in DIR")->excludes(list);
    backup->add_option("--keep", line.backup.keep, "afterwards remove all backups but the newest N")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""));  // not in the manual
    backup
        ->add_option("--encrypt-to,--key", line.backup.key,
                     "encrypt with the key in FILE; with --list and --verify: it was")
        ->type_name("FILE")
        ->check(some_word);
    backup->add_option("--new-key", line.backup.new_key, "write a new key to FILE, and do nothing else")
        ->type_name("FILE")
        ->check(some_word);
    line.backup.version = HELIOPOST_VERSION;
    backup->callback([&line] { line.run = [&line] { return command_backup(line.common, line.backup); }; });
    CLI::App* restore = app.add_subcommand("restore",
                                           "Put a backup back: the whole store, to where nothing is; or an "
                                           "account's mail into the store in use");
    restore->add_option("DIR", line.restore.directory, "the directory of the backups")
        ->required()
        ->check(some_word);
    restore->add_option("--at", line.restore.at, "which backup, or how its name begins; without: the newest")
        ->type_name("BACKUP")
        ->check(some_word);
    restore->add_option("--key", line.restore.key, "the key that the backups were encrypted with")
        ->type_name("FILE")
        ->check(some_word);
    CLI::Option* account = restore->add_option("--account", line.restore.account,
                                               "only this account's mail, into \"Restored/DATE\"");
    account->type_name("ADDRESS")->check(some_word);
    CLI::Option* mailbox = restore->add_option("--mailbox", line.restore.mailbox, "only this mailbox");
    mailbox->type_name("NAME")->needs(account)->check(some_word);
    restore->add_option("--message-id", line.restore.message_id, "only this message")
        ->type_name("ID")
        ->needs(account)
        ->check(some_id);
    restore->add_option("--uid", line.restore.uid, "only the message with this UID in the mailbox, as it was")
        ->type_name("UID")
        ->needs(mailbox)
        ->check(CLI::Range(std::uint32_t{1}, UINT32_MAX).description(""));
    restore
        ->add_flag("--in-place", line.restore.in_place,
                   "into the mailboxes where it was; what they hold already is passed over")
        ->needs(account);
    restore->callback([&line] { line.run = [&line] { return command_restore(line.common, line.restore); }; });
}

int print_page(const CLI::App& app, const CommandLine& line) {
    if (line.page == "heliopost") {
        std::fputs(program_page(reference_of(app)).c_str(), stdout);
    } else if (line.page == "heliopost.toml") {
        std::fputs(configuration_page(option_reference()).c_str(), stdout);
    } else {
        return report(line.common, {Fault::not_found, "there are two pages: heliopost and heliopost.toml"},
                      exit_usage);
    }
    return exit_good;
}

void add_documentation(CLI::App& app, CommandLine& line) {
    CLI::App* man =
        app.add_subcommand("man", "Print a manual page, for `heliopost man | man -l -`; pages are in roff");
    man->add_option("PAGE", line.page, "heliopost or heliopost.toml")->capture_default_str();
    man->callback([&] { line.run = [&] { return print_page(app, line); }; });
    CLI::App& completion = *app.add_subcommand("completion", "Completion of the command line");
    completion.require_subcommand(1);
    const std::tuple<const char*, Shell, const char*> shells[] = {
        {"bash", Shell::bash, "For bash: source <(heliopost completion bash)"},
        {"zsh", Shell::zsh, "For zsh: source <(heliopost completion zsh), after compinit"},
        {"fish", Shell::fish, "For fish: heliopost completion fish | source"}};
    for (const auto& [name, shell, meaning] : shells)
        completion.add_subcommand(name, meaning)->callback([&app, &line, shell] {
            line.run = [&app, shell] {
                std::fputs(completion_script(reference_of(app), shell).c_str(), stdout);
                return exit_good;
            };
        });
}

}  // namespace
}  // namespace heliopost

int main(int argc, char** argv) {
    using namespace heliopost;
    CLI::App app(
        "Heliopost, the whole mail system in one program.\n\nStart with: heliopost demo, or heliopost "
        "quickstart you@example.org",
        "heliopost");
    CommandLine line;
    app.add_option("--config,-c", line.common.config, "configuration file")
        ->type_name("FILE")
        ->envname("HELIOPOST_CONFIG")
        ->capture_default_str();
    app.add_flag("--json", line.common.json, "print JSON, for scripts");
    app.set_version_flag("--version", "heliopost " HELIOPOST_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    add_server(app, line);
    add_domain(app, line);
    add_account(app, line);
    add_alias(app, line);
    add_queue(app, line);
    add_message(app, line);
    add_reports(app, line);
    add_dkim(app, line);
    add_backup(app, line);
    add_documentation(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_good : exit_usage;
    }
    try {
        return line.run();
    } catch (const std::exception& error) {
        return report(line.common, {Fault::internal, error.what()});
    }
}
