// ns of CPU a row of a View: loading chunks, flags on all, one append, walking.
#include <cstdio>
#include <ctime>

#include "mailbox/row_walk.h"
#include "mailbox/rows_record.h"
#include "mailbox/view_builder.h"

namespace {

using namespace heliopost;
using namespace heliopost::mailbox;

double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void print(const char* what, double ns, double rows) {
    std::printf("%-28s %8.2f ns/row %10.3f ms\n", what, ns / rows, ns / 1e6);
}

}  // namespace

int main() {
    constexpr std::uint32_t rows = 100'000;
    std::vector<std::string> stored;
    std::vector<Row> chunk;
    for (std::uint32_t uid = 1; uid <= rows; ++uid) {
        const std::int64_t saved = 1'700'000'000'000 + std::int64_t{uid} * 60'000;
        chunk.push_back({Uid(uid), uid % 3 == 0 ? 8U : 0U, EmailId(uid * 2ULL), ModSequence(uid * 3ULL),
                         2'000 + uid % 5'000, saved - 400, saved});
        if (chunk.size() < chunk_rows && uid < rows) continue;
        stored.push_back(encode_chunk(chunk, ModSequence(3ULL * rows)));
        chunk.clear();
    }
    double begin = cpu_ns();
    ViewBuilder loading(Mailbox{}, Uid(1), {}, ModSequence());
    for (const std::string& octets : stored) {
        auto decoded = decode_chunk(octets);
        if (!decoded || !loading.add_chunk(decoded->chunk->rows.front().uid, decoded->chunk, decoded->as_of))
            return 1;
    }
    auto view = loading.finish();
    print("load", cpu_ns() - begin, rows);

    begin = cpu_ns();
    ViewBuilder storing(*view);
    const SetFlags seen{imap::command::Store::Mode::add, 2, {}, {{1, rows}}};
    if (!storing.apply({ModSequence(4ULL * rows), seen})) return 1;
    view = storing.finish();
    print("flags on all", cpu_ns() - begin, rows);

    begin = cpu_ns();
    constexpr std::uint32_t appends = 1'000;
    for (std::uint32_t i = 1; i <= appends; ++i) {
        ViewBuilder appending(*view);
        AppendRows one;
        one.rows.push_back({Uid(rows + i), 0, EmailId(rows * 2 + i), {}, 1, 1, 1});
        if (!appending.apply({ModSequence(4ULL * rows + i), std::move(one)})) return 1;
        view = appending.finish();
    }
    print("append, a View each", cpu_ns() - begin, appends);

    begin = cpu_ns();
    const imap::UidSet all({{1, UINT32_MAX}});
    RowWalk walk(*view, all.ranges());
    std::string out;
    while (const Row* row = walk.next()) {
        out.clear();
        view->append_flags(out, *row);
    }
    print("walk, flags as text", cpu_ns() - begin, static_cast<double>(view->size()));
    return 0;
}
