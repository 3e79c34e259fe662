#include <doctest/doctest.h>

#include <random>

#include "mailbox/base_record.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/operation.h"
#include "mailbox/rows_record.h"
#include "mailbox/structure_record.h"
#include "mailbox/view_builder.h"
#include "proto/mime/scanner.h"
#include "store/batch.h"

namespace heliopost::mailbox {
namespace {

std::vector<Row> some_rows(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<Row> rows;
    std::uint32_t uid = 0;
    for (std::size_t i = 0; i < count; ++i) {
        uid += static_cast<std::uint32_t>(1 + random() % 5);
        rows.push_back({.uid = Uid(uid),
                        .flags = random() % 32,
                        .email = EmailId(random() % 100'000),
                        .mod_sequence = ModSequence(random() % 1'000),
                        .octets = random() % 1'000'000,
                        .received = static_cast<std::int64_t>(random() % 2'000'000'000'000),
                        .saved = static_cast<std::int64_t>(random() % 2'000'000'000'000)});
    }
    return rows;
}

std::string operation_key(std::uint64_t at) {
    return key::at(key::Kind::operation, inbox, ModSequence(at)) + std::string(4, '\0');
}

Operation append(std::uint32_t first, std::size_t count, std::uint64_t at) {
    AppendRows rows;
    for (std::size_t i = 0; i < count; ++i) {
        Row row;
        row.uid = Uid(first + static_cast<std::uint32_t>(i));
        row.email = EmailId(row.uid.value);
        rows.rows.push_back(row);
    }
    return {ModSequence(at), std::move(rows)};
}

}  // namespace

TEST_CASE("chunk: rows come back; no truncation crashes; limits hold") {
    for (const std::size_t count : {std::size_t{1}, std::size_t{100}, chunk_rows}) {
        const auto rows = some_rows(count, 1);
        const std::string octets = encode_chunk(rows, ModSequence(1'000));
        const auto decoded = decode_chunk(octets);
        REQUIRE(decoded.has_value());
        CHECK(decoded->chunk->rows == rows);
        CHECK(decoded->as_of == ModSequence(1'000));
        CHECK(octets.size() <= store::value_octets_max);
    }
    const std::string whole = encode_chunk(some_rows(20, 2), ModSequence(1'000));
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK_FALSE(decode_chunk(std::string_view(whole).substr(0, length)).has_value());
    record::Rows rows;
    REQUIRE(rows.ParseFromString(whole));
    rows.set_uids(3, 0);  // not ascending
    CHECK_FALSE(decode_chunk(rows.SerializeAsString()).has_value());
    rows.set_uids(3, UINT32_MAX);
    CHECK_FALSE(decode_chunk(rows.SerializeAsString()).has_value());
    REQUIRE(rows.ParseFromString(whole));
    rows.set_as_of(1);  // rows of later changes
    CHECK_FALSE(decode_chunk(rows.SerializeAsString()).has_value());
}

TEST_CASE("operations: what is written comes back") {
    const SetFlags flags{
        imap::command::Store::Mode::remove, 9, {"a", "b"}, {{1, 3}, {7, 7}, {9, UINT32_MAX}}};
    const auto flags_back = decode_operation(operation_key(5), encode(flags));
    REQUIRE(flags_back.has_value());
    CHECK(flags_back->at == ModSequence(5));
    const auto& set = std::get<SetFlags>(flags_back->what);
    CHECK((set.mode == flags.mode && set.system == 9 && set.keywords == flags.keywords &&
           set.uids == flags.uids));
    const auto gone = decode_operation(operation_key(6), encode(ExpungeRows{{{2, 4}}}));
    CHECK(std::get<ExpungeRows>(gone->what).uids == Ranges{{2, 4}});

    auto rows = some_rows(10, 3);
    const std::vector<std::string> keywords{"k"};
    const store::Slot uid{1}, email{2};
    const auto written =
        encode(NewRows{.rows = rows, .keywords = keywords, .first_uid = uid, .first_email = email});
    const auto append_back = decode_operation(operation_key(7), written.filled({7, 100, 2'000}));
    REQUIRE(append_back.has_value());
    const auto& appended = std::get<AppendRows>(append_back->what);
    CHECK(appended.rows[9].uid == Uid(109));
    CHECK(appended.rows[9].email == EmailId(2'009));
    CHECK(appended.rows[9].octets == rows[9].octets);
    CHECK_FALSE(decode_operation(operation_key(7), written.filled({7, UINT32_MAX, 1})).has_value());
    CHECK_FALSE(decode_operation(operation_key(7), "").has_value());
    CHECK_FALSE(decode_operation("x", encode(flags)).has_value());
}

TEST_CASE("ranges that do not ascend are refused") {
    record::Operation in;
    for (const std::vector<std::uint32_t>& bad : std::vector<std::vector<std::uint32_t>>{
             {1}, {0, 1}, {1, UINT32_MAX}, {5, 0, 0, 0}, {UINT32_MAX, 0, 1, 0}}) {
        in.clear_expunged();
        for (const std::uint32_t number : bad) in.add_expunged(number);
        CHECK_FALSE(decode_operation(operation_key(1), in.SerializeAsString()).has_value());
    }
}

TEST_CASE("structures come back as the scanner made them") {
    const std::string messages[] = {
        "Subject: x\r\n\r\nbody", "\r\n", "",
        "From: a@b\r\nContent-Type: multipart/mixed; boundary=x; name*0=\"a\"\r\n\r\n--x\r\nContent-Type: "
        "TEXT/HTML; "
        "charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <1>\r\n\r\nYQ==\r\n--x\r\n"
        "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=y\r\nContent-Language: "
        "de, "
        "en\r\n\r\nSubject: inner\r\nTo: g: a@b, c@d;\r\nIn-Reply-To: <q>\r\n\r\nhello\r\n--x--\r\n"};
    for (const std::string& message : messages) {
        CAPTURE(message);
        const mime::Structure structure = mime::scan(message);
        record::Structure out;
        write_structure(out, structure);
        const auto back = read_structure(out);
        REQUIRE(back.has_value());
        CHECK(*back == structure);
        write_structure(*std::make_unique<record::Structure>(), reduced(structure));
    }
}

TEST_CASE("structures that are no tree, or reach past the message, are refused") {
    const mime::Structure good = mime::scan(
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n");
    REQUIRE(good.parts.size() == 3);
    record::Structure in;
    write_structure(in, good);
    const auto refused = [&](auto spoil) {
        record::Structure spoiled = in;
        spoil(spoiled);
        return !read_structure(spoiled).has_value();
    };
    CHECK_FALSE(refused([](auto&) {}));
    CHECK(refused([](auto& s) { s.clear_parts(); }));
    CHECK(refused([](auto& s) { s.mutable_parts(0)->set_children(0, 0); }));
    CHECK(refused([](auto& s) { s.mutable_parts(0)->set_children(0, 2); }));
    CHECK(refused([](auto& s) { s.mutable_parts(0)->set_children(1, 9); }));
    CHECK(refused([](auto& s) { s.mutable_parts(0)->set_envelope(7); }));
    CHECK(refused([](auto& s) { s.mutable_parts(1)->set_body_octets(1'000); }));
    CHECK(refused([](auto& s) { s.mutable_parts(1)->set_header_begin(UINT64_MAX); }));
    CHECK(refused([](auto& s) { s.mutable_parts(1)->set_kind(7); }));
    CHECK(refused([](auto& s) { s.mutable_parts(1)->set_media(700); }));
    CHECK(refused([](auto& s) { s.mutable_parts(2)->mutable_parameters()->Add()->set_known(99); }));
}

TEST_CASE("builder: chunks fill, split and join; sequence numbers follow") {
    ViewBuilder builder(Mailbox{}, Uid(1), {}, ModSequence());
    for (std::uint32_t i = 0; i < 5; ++i)
        REQUIRE(builder.apply(append(1 + i * 1'500, 1'500, 10 + i)).has_value());
    const auto view = builder.finish();
    CHECK(view->size() == 7'500);
    CHECK(view->chunks().size() == 4);
    CHECK(view->at(5'000).uid == Uid(5'001));
    CHECK(view->status().uid_next == Uid(7'501));
    CHECK(view->lower_bound(Uid(9'000)) == 7'500);
    ViewBuilder next(*view);
    REQUIRE(next.apply({ModSequence(20), ExpungeRows{{{1, 2'000}, {2'100, 7'000}}}}).has_value());
    const auto after = next.finish();
    CHECK(after->size() == 7'500 - 2'000 - 4'901);
    CHECK(after->chunks().size() == 1);
    CHECK_FALSE(after->find(Uid(2'000)).has_value());
    CHECK(after->find(Uid(2'001)) == 0);
    CHECK(view->size() == 7'500);
    ViewBuilder backwards(*after);
    CHECK_FALSE(backwards.apply(append(2'050, 1, 21)).has_value());
}

TEST_CASE("builder: in an unfinished rewrite each chunk takes only what is above it") {
    // The last chunk was written as of 12, the first not: it still holds what belongs to the last.
    const auto chunk_of = [](std::uint32_t first, std::uint32_t last, std::uint64_t flags, std::uint64_t at) {
        auto chunk = std::make_shared<Chunk>();
        for (std::uint32_t uid = first; uid <= last; ++uid) {
            Row row;
            row.uid = Uid(uid);
            row.flags = flags;
            row.mod_sequence = ModSequence(at);
            chunk->rows.push_back(row);
        }
        chunk->highest = ModSequence(at);
        return chunk;
    };
    ViewBuilder builder(Mailbox{}, Uid(11), {}, ModSequence(12));
    REQUIRE(builder.add_chunk(Uid(1), chunk_of(1, 10, 0, 5), ModSequence(5)).has_value());
    REQUIRE(builder.add_chunk(Uid(6), chunk_of(6, 12, 8, 12), ModSequence(12)).has_value());
    REQUIRE(builder.apply(append(11, 2, 10)).has_value());
    REQUIRE(builder.apply({ModSequence(11), SetFlags{imap::command::Store::Mode::add, 1, {}, {{1, 12}}}})
                .has_value());
    REQUIRE(builder.apply({ModSequence(12), SetFlags{imap::command::Store::Mode::replace, 8, {}, {{4, 12}}}})
                .has_value());
    const auto view = builder.finish();
    REQUIRE(view->size() == 12);
    for (std::size_t i = 0; i < 12; ++i) CHECK(view->at(i).uid.value == i + 1);
    CHECK(view->at(2).flags == 1);
    CHECK(view->at(3).flags == 8);
    CHECK(view->at(11).flags == 8);
}

}  // namespace heliopost::mailbox
