// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include <string>

#include "proto/imap/command_reader.h"
#include "proto/imap/limits.h"
#include "proto/imap/response.h"
#include "proto/imap/structure_writer.h"

namespace heliopost::imap {
namespace {

using Event = CommandReader::Event;

// The event after all octets but the events of the literals in between.
Event last_event(CommandReader& reader, std::string_view octets) {
    Event last = Event::more;
    while (!octets.empty()) {
        const auto step = reader.feed(octets);
        octets.remove_prefix(step.taken);
        if (step.event != Event::continuation && step.event != Event::more) last = step.event;
    }
    return last;
}

Event answer_to(std::string_view octets) {
    CommandReader reader;
    return last_event(reader, octets);
}

}  // namespace

TEST_CASE("limits: literals of one command, their number and their octets") {
    const auto with_literals = [](size_t count, size_t octets) {
        std::string command = "A X";
        for (size_t i = 0; i < count; ++i)
            command += " {" + std::to_string(octets) + "+}\r\n" + std::string(octets, 'x');
        return command + "\r\n";
    };
    CHECK(answer_to(with_literals(literals_max, 1)) == Event::command);
    CHECK(answer_to(with_literals(literals_max + 1, 1)) == Event::bad);
    CHECK(answer_to(with_literals(1, unsolicited_literal_octets_max)) == Event::command);
    CHECK(answer_to("A X {" + std::to_string(unsolicited_literal_octets_max + 1) + "+}\r\n") == Event::bad);
    const std::string most = std::to_string(literal_octets_total_max);
    CHECK(answer_to("A X {" + most + "}\r\n" + std::string(literal_octets_total_max, 'x') + "\r\n") ==
          Event::command);
    CHECK(answer_to("A X {" + std::to_string(literal_octets_total_max + 1) + "}\r\n") == Event::bad);
    CHECK(answer_to("A X {9223372036854775808}\r\n") == Event::bad);  // number64: octets_max
}

TEST_CASE("limits: before login literals are smaller") {
    const auto stranger = [](size_t octets) {
        CommandReader reader(stranger_limits());
        return last_event(reader, "A LOGIN {" + std::to_string(octets) + "}\r\n");
    };
    CHECK(stranger(stranger_literal_octets_max) == Event::more);
    CHECK(stranger(stranger_literal_octets_max + 1) == Event::bad);
}

TEST_CASE("limits: what is read only to be dropped ends the connection") {
    CommandReader reader;
    const std::string piece(size_t{1} << 20, 'x');
    CHECK(reader.feed("A " + piece).event == Event::bad);
    CHECK_FALSE(reader.hang_up());
    std::uint64_t dropped = 0;
    while (!reader.hang_up() && dropped < 2 * swallowed_octets_max) {
        last_event(reader, piece);
        dropped += piece.size();
    }
    CHECK(reader.hang_up());
    CHECK(dropped <= swallowed_octets_max + piece.size());
    CHECK(reader.held_octets() < 2 * line_octets_max);

    // The end of a dropped line is looked at for a literal that the client sends unasked:
    // literal_header_octets_max holds the longest header.
    CommandReader other;
    CHECK(last_event(other, "A " + std::string(2 * line_octets_max, 'x') +
                                " {00000000000000000003+}\r\na\r\n\r\nB NOOP\r\n") == Event::command);
    CHECK(other.text() == "B NOOP");
}

TEST_CASE("limits: a hostile server's response, and how deep BODYSTRUCTURE goes") {
    ResponseReader reader;
    reader.feed("* 1 FETCH (BODY[] {" + std::to_string(response_octets_max) + "}\r\n");
    const auto got = reader.next();
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().fault == Fault::too_large);

    mime::Structure deep;
    const size_t depth = 2 * structure_depth_max;
    for (size_t i = 0; i < depth; ++i) {
        mime::Part& part = deep.parts.emplace_back();
        part.type.type = "multipart";
        part.type.subtype = "mixed";
        part.kind = i + 1 < depth ? mime::PartKind::multipart : mime::PartKind::leaf;
        if (i + 1 < depth) part.children.push_back(static_cast<std::uint32_t>(i + 1));
    }
    std::string out;
    append_structure(out, deep, StructureForm::body, Revision::rev2);
    CHECK(out.find_first_not_of('(') == structure_depth_max + 1);
}

}  // namespace heliopost::imap
