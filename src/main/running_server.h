// The running server, as the commands reach it.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "net/system_world.h"
#include "server/admin/message.h"

namespace heliopost {

// Its answer; nothing where no server listens. The world's loop runs nothing else.
std::optional<Result<admin::Answer>> ask_server(net::SystemWorld& world, const std::string& socket,
                                                const admin::Request& request);

// All pages of an answer as one (admin::Answer::next); ask is called once for each.
template <class Ask>
Result<admin::Answer> all_pages(admin::Request request, Ask ask) {
    Result<admin::Answer> answer = ask(request);
    while (answer && !answer->next.empty()) {
        request.fields["after"] = std::exchange(answer->next, "");
        Result<admin::Answer> page = ask(request);
        if (!page) return page;
        std::ranges::move(page->rows, std::back_inserter(answer->rows));
        answer->next = std::move(page->next);
    }
    return answer;
}

}  // namespace heliopost
