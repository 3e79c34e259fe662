#include "server/sasl/line_prompt.h"

namespace heliopost::server_sasl {

net::Task<Result<std::string>> LinePrompt::ask(std::string challenge) {
    const std::string line = manner_.prefix + challenge + "\r\n";
    const auto deadline = world_.after(manner_.answer_time_max);
    co_await stream_.write(line, deadline);
    std::string answer;
    const bool got = CO_TRY(co_await reader_.read_line(&answer, sasl::line_octets_max, deadline));
    if (!got) throw net::Gone("closed during AUTH");
    const bool whole = answer.ends_with("\r\n");
    if (!whole && manner_.line_end == LineEnd::crlf) co_return fail(Fault::syntax, "lines end with CRLF");
    answer.resize(answer.size() - (whole ? 2 : 1));
    co_return answer;
}

}  // namespace heliopost::server_sasl
