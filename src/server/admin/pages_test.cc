#include <doctest/doctest.h>

#include "delivery/test_world.h"
#include "queue/test_queue.h"
#include "server/admin/operations.h"
#include "server/admin/restore.h"

namespace heliopost::admin {

TEST_CASE_FIXTURE(queue::TestQueue, "admin: a long queue comes in pages, each entry whole and once") {
    constexpr std::size_t messages = 12;
    constexpr std::size_t recipients = 900;
    static_assert(messages * recipients > rows_a_page);
    for (std::size_t i = 0; i < messages; ++i) {
        std::vector<std::string> to;
        for (std::size_t k = 0; k < recipients; ++k) to.push_back("u" + std::to_string(k) + "@b.example");
        add(to);
    }
    Administered of{};
    of.world = world;
    of.queue = queue.get();
    Request request{"queue.list", {}};
    std::map<std::string, std::size_t> seen;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        const auto page = run(admin::run(&of, request));
        REQUIRE(page.has_value());
        CHECK(page->rows.size() < rows_a_page + recipients);
        for (const auto& row : page->rows) ++seen[std::get<std::string>(row.at(0))];
        request.fields["after"] = page->next;
        more = !page->next.empty();
    }
    CHECK(pages == 2);
    CHECK(seen.size() == messages);
    for (const auto& [id, rows] : seen) CHECK(rows == recipients);
    request.fields["after"] = "x";
    CHECK_FALSE(run(admin::run(&of, request)).has_value());
}

TEST_CASE_FIXTURE(delivery::TestDelivery, "admin: what a mailbox has already is told from a UID on") {
    add_account("ann@a.example");
    for (const std::string text : {"a", "b", "c"})
        REQUIRE(receive({"ann@a.example"}, text + "\r\n").has_value());
    Administered of{};
    of.world = world;
    of.directory = directory.get();
    of.accounts = accounts.get();
    of.store = store.get();
    const auto rows = [&](const std::string& after) {
        Request request{"restore.present", {{"account", "ann@a.example"}, {"mailbox", "INBOX"}}};
        if (!after.empty()) request.fields["after"] = after;
        const auto answer = run(run_restore(&of, std::move(request), nullptr));
        if (!answer) return std::string("refused");
        CHECK(answer->next.empty());
        return std::to_string(answer->rows.size());
    };
    CHECK(rows("") == "3");
    CHECK(rows("1") == "2");
    CHECK(rows("3") == "0");
    CHECK(rows("4294967296") == "refused");
    CHECK(rows("x") == "refused");
}

}  // namespace heliopost::admin
