// Rows as columns: the record of a chunk, and of the rows of an append.
//
// Checked when written (ASSERT: ascending UIDs, at most chunk_rows) and when read (Fault::internal).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mailbox/view.h"

namespace heliopost::mailbox {

namespace record {
class Rows;
}

std::string encode_chunk(std::span<const Row> rows, ModSequence as_of);

struct DecodedChunk {
    std::shared_ptr<Chunk> chunk;
    ModSequence as_of;
};
Result<DecodedChunk> decode_chunk(std::string_view octets);

// Without UIDs and mod-sequences; without emails where the operation counts them up.
enum class EmailColumn : std::uint8_t { none, written };
void write_columns(record::Rows& out, std::span<const Row> rows, EmailColumn emails);
Result<std::vector<Row>> read_columns(const record::Rows& in);

}  // namespace heliopost::mailbox
